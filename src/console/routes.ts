/** All routes of the console's API that need a session. */
import { CAPABILITY_ROUTES } from './capabilities';
import { CHANGE_ROUTES } from './changes';
import { CONFIGURATION_ROUTES } from './configuration';
import { CONNECTION_ROUTES } from './connections';
import { DELIVERY_ROUTES } from './deliveries';
import { NOW_ROUTES } from './now';
import { REVIEW_ROUTES } from './review';
import type { Route } from './route';
import { STAFF_ROUTES } from './staff';
import { SWITCH_ROUTES } from './switching';

export const ROUTES: readonly Route[] = [
  ...NOW_ROUTES,
  ...DELIVERY_ROUTES,
  ...STAFF_ROUTES,
  ...CONNECTION_ROUTES,
  ...CAPABILITY_ROUTES,
  ...SWITCH_ROUTES,
  ...REVIEW_ROUTES,
  ...CHANGE_ROUTES,
  ...CONFIGURATION_ROUTES,
];

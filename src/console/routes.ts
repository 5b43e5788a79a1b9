/** All routes of the console's API that need a session. */
import { CAPABILITY_ROUTES } from './capabilities';
import { CHANGE_ROUTES } from './changes';
import { CONFIGURATION_ROUTES } from './configuration';
import { CONNECTION_ROUTES } from './connections';
import { DELIVERY_ROUTES } from './deliveries';
import { NOW_ROUTES } from './now';
import type { Route } from './route';
import { STAFF_ROUTES } from './staff';

export const ROUTES: readonly Route[] = [
  ...NOW_ROUTES,
  ...DELIVERY_ROUTES,
  ...STAFF_ROUTES,
  ...CONNECTION_ROUTES,
  ...CAPABILITY_ROUTES,
  ...CHANGE_ROUTES,
  ...CONFIGURATION_ROUTES,
];

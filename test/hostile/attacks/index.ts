import type { Attack } from './attack';
import { CALLER_ATTACKS } from './callers';
import { LINK_ATTACKS } from './links';
import { QUEUE_ATTACKS } from './queue';
import { STRANGER_ATTACKS } from './strangers';

/** What reviews have tried, each of which got somewhere once. */
export const ATTACKS: readonly Attack[] = [
  ...STRANGER_ATTACKS,
  ...LINK_ATTACKS,
  ...CALLER_ATTACKS,
  ...QUEUE_ATTACKS,
];

/** Every word of the page. */
import { COMMON } from './common';
import { CONNECTIONS } from './connections';
import { DELIVERIES } from './deliveries';
import { FRAME } from './frame';
import { NOW } from './now';
import { PROBLEMS } from './problems';
import { RECORDS } from './records';
import { STAFF } from './staff';
import { SWITCHING } from './switching';
import { VERDICTS } from './verdicts';

export const WORDS = {
  ...FRAME,
  ...COMMON,
  ...NOW,
  ...DELIVERIES,
  ...STAFF,
  ...CONNECTIONS,
  ...SWITCHING,
  ...RECORDS,
  ...VERDICTS,
  ...PROBLEMS,
} as const;

export type Word = keyof typeof WORDS;

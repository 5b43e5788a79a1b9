import type { Migration } from 'kysely/migration';
import type { Engine } from '../engine';
import { createLinks } from './0001_links';
import { createJournal } from './0002_journal';
import { createOperations } from './0003_operations';
import { withoutLeaseIndex } from './0004_attempts';
import { operationTargets } from './0005_targets';
import { auditOfEverything } from './0006_audit';
import { operationSchedule } from './0007_schedule';
import { createCeilings } from './0008_ceilings';
import { checkedLinks } from './0009_checked_links';
import { fairQueue } from './0010_fair_queue';
import { whereabouts } from './0011_whereabouts';
import { consoleSessions } from './0012_console';
import { createMoving } from './0013_moving';
import { queueQuota } from './0015_quota';
import { switchJobs } from './0016_switch_jobs';
import { clinicIdentity } from './0018_clinic_identity';
import { attemptKinds } from './0019_attempt_kinds';
import { asLeft } from './0020_as_left';

/**
 * Every migration, by name. Names sort in the order in which they run. A released migration is never edited: the next
 * change is the next number. There is no way back; a backup is the way back.
 */
export function migrations(engine: Engine): Readonly<Record<string, Migration>> {
  return {
    '0001_links': createLinks(engine),
    '0002_journal': createJournal(engine),
    '0003_operations': createOperations(engine),
    '0004_attempts': withoutLeaseIndex(engine),
    '0005_targets': operationTargets(engine),
    '0006_audit': auditOfEverything(engine),
    '0007_schedule': operationSchedule(engine),
    '0008_ceilings': createCeilings(engine),
    '0009_checked_links': checkedLinks,
    '0010_fair_queue': fairQueue(engine),
    '0011_whereabouts': whereabouts(engine),
    '0012_console': consoleSessions(engine),
    '0013_moving': createMoving(engine),
    '0015_quota': queueQuota,
    '0016_switch_jobs': switchJobs(engine),
    '0018_clinic_identity': clinicIdentity,
    '0019_attempt_kinds': attemptKinds(engine),
    '0020_as_left': asLeft,
  };
}

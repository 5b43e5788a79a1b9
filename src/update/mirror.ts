/** What of an update goes to the clinic's mirror. Pure. */
import type { Clinic } from '../runtime/locate';
import { topLevelOf } from '../staff/fields';
import type { CanonicalPatch } from '../staff/patch';
import type { Attempt } from '../store/attempts';
import type { FieldResult } from '../store/changes';
import type { MirroredUpdate } from '../store/mirrorQueue';
import type { UpdateRequest } from './request';

/** What the clinic's own connection holds now. */
const CONFIRMED: readonly FieldResult[] = ['verified', 'accepted', 'unchanged'];

/**
 * @param update `settleFirst`: what an earlier attempt of it has done may go to the mirror as well
 * @param fields what became of each member that was sent, by pointer
 * @returns undefined if the clinic has no mirror, or nothing was confirmed
 */
export function mirroredPart(
  clinic: Pick<Clinic, 'name' | 'mirror'>,
  update: Pick<Attempt, 'staffId' | 'caller' | 'requestId' | 'patch'> & { settleFirst?: boolean },
  fields: Readonly<Record<string, FieldResult>>,
): MirroredUpdate | undefined {
  const { mirror } = clinic;
  const { staffId, caller, requestId, patch } = update;
  if (mirror === undefined) return undefined;
  const isConfirmed = (name: string) => CONFIRMED.some((result) => result === fields[`/${name}`]);
  const members = patch.members.filter(isConfirmed);
  const changes = patch.changes.filter(({ field }) => isConfirmed(topLevelOf(field)));
  if (changes.length === 0) return undefined;
  const confirmed: CanonicalPatch = { changes, members };
  return {
    clinic: clinic.name,
    staffId,
    caller,
    requestId,
    vendor: mirror,
    patch: JSON.stringify(confirmed),
    settle: update.settleFirst === true || Object.values(fields).includes('unchanged'),
  };
}

/** Whether the clinic's mirror gets it too. */
export function isMirrored({ clinic, beside, dryRun }: UpdateRequest): boolean {
  return clinic.mirror !== undefined && !beside && !dryRun;
}

/** Whether nobody waits for its answer, so that callers' updates go first. */
export function isPatient({ kind }: UpdateRequest): boolean {
  return kind === 'mirror';
}

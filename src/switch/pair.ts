/** Both records of one staff member, read by themselves: lists may lag behind, and are a while old. */
import type { VendorConnection } from '../connection/connection';
import { VendorFailure } from '../connection/failure';
import { Deadline } from '../lib/deadline';
import { patiently } from './patience';
import type { Person } from './people';
import type { Found, Side } from './side';
import type { MoveParts, Sides } from './sides';

export async function readPair(
  { clinic, there, signal }: Pick<MoveParts, 'clinic' | 'there' | 'signal'>,
  person: Person,
): Promise<Pick<Sides, 'here' | 'there'>> {
  const read = async (connection: VendorConnection, id: string | undefined): Promise<Found> => {
    if (id === undefined || !connection.admits(id)) return { absent: true };
    const deadline = () => new Deadline(connection.config.timeoutMs, clinic.name);
    try {
      return { record: await patiently(() => connection.read(id, deadline()), signal) };
    } catch (error) {
      if (!(error instanceof VendorFailure)) throw error;
      return error.kind === 'record_not_found' ? { absent: true } : { unread: error };
    }
  };
  const [here, other] = await Promise.all([read(clinic.here, person.here), read(there, person.there)]);
  return { here: sideOf(here), there: sideOf(other) };
}

function sideOf(found: Found): Side {
  const asOf = new Date().toISOString();
  return {
    asOf,
    incomplete: undefined,
    listed: undefined,
    pages: 0,
    find: () => found,
    textOf: () => undefined,
  };
}

import { createLaggedView, createTable, type Lag, type LaggedView, type Table } from '../table';
import { LOCATIONS, type Location, PROVIDERS, type Provider } from './seeds';

/** The three members of a provider that PATCH can set. */
export type UpdatableMember = 'status' | 'hours' | 'hide_in_availability';

/** What may be changed while the sandbox runs. Every reading that cobalt.md section 7 leaves open is here. */
export interface CobaltSettings {
  credentials: { clientId: string; clientSecret: string; accessToken: string };
  /** False: the link to the EHR has run out, every call is answered 403 `login_required`. */
  linked: boolean;
  /** Whether `hours` replaces the week or only the days it names. */
  hoursMode: 'replace' | 'merge';
  /** Acknowledges and stores nothing: of any member, or of the named ones. */
  acknowledgeWithoutEffect: boolean | readonly UpdatableMember[];
  /** How long lists still show the provider or location as it was before a write. */
  readLag: Lag;
  /** Whether PATCH takes `hide_in_availability`. */
  hideInAvailability: boolean;
  /** Whether a shift may name its facility by the EHR's id. */
  acceptEhrFacilityIds: boolean;
}

/** Everything the sandbox remembers. */
export interface CobaltState {
  providers: Table<string, Provider>;
  locations: Table<string, Location>;
  settings: CobaltSettings;
  providerLag: LaggedView<string, Provider>;
  locationLag: LaggedView<string, Location>;
  reset(): void;
}

/** Seeds that replace the default ones, list by list. */
export interface CobaltSeeds {
  providers?: readonly Provider[];
  locations?: readonly Location[];
}

/** A store with the seeds; `initial` is what `reset` goes back to. */
export function createCobaltState(
  seeds: CobaltSeeds,
  initial: CobaltSettings,
  now: () => number,
): CobaltState {
  const settings = { ...initial };
  const providers = createTable(seeds.providers ?? PROVIDERS, (row: Provider) => row.id);
  const locations = createTable(seeds.locations ?? LOCATIONS, (row: Location) => row.id);
  const providerLag = createLaggedView<string, Provider>(now, () => settings.readLag);
  const locationLag = createLaggedView<string, Location>(now, () => settings.readLag);
  return {
    providers,
    locations,
    settings,
    providerLag,
    locationLag,
    reset() {
      for (const part of [providers, locations, providerLag, locationLag]) part.reset();
      Object.assign(settings, initial);
    },
  };
}

/** The location that an id means: compared without hyphens and without case (cobalt.md sections 4 and 7). */
export function findFacility(state: CobaltState, id: string): Location | undefined {
  const plain = plainId(id);
  return state.locations
    .all()
    .find(
      (location) =>
        plainId(location.id) === plain || (state.settings.acceptEhrFacilityIds && location.ehr_id === id),
    );
}

function plainId(id: string): string {
  return id.replaceAll('-', '').toLowerCase();
}

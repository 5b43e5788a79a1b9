import type { AdapterModule } from '../src/adapter';
import { clinikapi } from './clinikapi';
import { cobalt } from './cobalt';
import { fhir } from './fhir';
import { vitalis } from './vitalis';

/** The registry: one line a vendor. */
export const adapters: readonly AdapterModule[] = [clinikapi, vitalis, cobalt, fhir];

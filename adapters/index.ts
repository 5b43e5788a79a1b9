import type { AdapterModule } from '../src/adapter';
import { clinikapi } from './clinikapi';
import { cobalt } from './cobalt';
import { vitalis } from './vitalis';

/** The registry: one line a vendor. */
export const adapters: readonly AdapterModule[] = [clinikapi, vitalis, cobalt];

import { Command } from 'commander';
import { member } from '../src/lib/json';
import { createClinikapiSandbox } from './clinikapi';
import { createCobaltSandbox } from './cobalt';
import { SANDBOX_CREDENTIALS } from './credentials';
import { createFhirSandbox, FHIR_BASE } from './fhir';
import { SEEDS } from './fhir/seeds';
import type { Listening, Sandbox } from './kit';
import { readPeople } from './people';
import { readPort } from './port';
import { type SeededPeople, seedPeople } from './seedPeople';
import { createVitalisSandbox } from './vitalis';

const { vitalis, clinikapi, cobalt, fhir } = SANDBOX_CREDENTIALS;

/** A sandbox that is ready to listen, and what can be asked of it. */
interface Ready {
  sandbox: Sandbox<object>;
  ids: readonly (string | number)[];
}

interface Vendor {
  create: (people?: SeededPeople) => Ready;
  /** Its port when all are started. */
  port: number;
  /** What belongs to its base URL besides the origin. */
  base?: string;
  /** The credentials that open it, one a line. */
  opens: readonly string[];
}

const VENDORS: Readonly<Record<string, Vendor>> = {
  vitalis: {
    create(people) {
      const sandbox = createVitalisSandbox(people && { seeds: people.vitalis });
      return { sandbox, ids: sandbox.state.professionals.all().map(({ id }) => id) };
    },
    port: 4610,
    opens: [
      `x-token: ${vitalis.staticAdminToken}`,
      `administrator: ${vitalis.admin.email} / ${vitalis.admin.password}`,
      `no administrator: ${vitalis.user.email} / ${vitalis.user.password}`,
      `admin-key of POST /auth/register: ${vitalis.adminKey}`,
    ],
  },
  clinikapi: {
    create(people) {
      const sandbox = createClinikapiSandbox(people?.clinikapi);
      return { sandbox, ids: sandbox.state.roles.all().map(({ id }) => id) };
    },
    port: 4620,
    opens: [`x-api-key: ${clinikapi.liveKey}`, `read only: ${clinikapi.readOnlyKey}`],
  },
  cobalt: {
    create(people) {
      const sandbox = createCobaltSandbox(people && { seeds: people.cobalt });
      return { sandbox, ids: sandbox.state.providers.all().map(({ id }) => id) };
    },
    port: 4630,
    opens: [
      `client_id: ${cobalt.clientId}, client_secret: ${cobalt.clientSecret}, access_token: ${cobalt.accessToken}`,
    ],
  },
  fhir: {
    create(people) {
      const places = SEEDS.filter(({ resourceType }) => /^(Organization|Location)$/.test(resourceType));
      const seeds = people ? [...people.fhir.practitioners, ...people.fhir.roles, ...places] : SEEDS;
      const ids = seeds.filter(({ resourceType }) => resourceType === 'PractitionerRole').map(({ id }) => id);
      return { sandbox: createFhirSandbox({ seeds }), ids };
    },
    port: 4640,
    base: FHIR_BASE,
    opens: [
      `Authorization: Bearer ${fhir.token}`,
      `client of /auth/token: ${fhir.clientId}, secret: ${fhir.clientSecret}`,
    ],
  },
};

interface ServeOptions {
  port?: number;
  host: string;
  seed?: string;
}

async function serve(name: string | undefined, { port: first, host, seed }: ServeOptions): Promise<void> {
  const chosen = Object.entries(VENDORS).filter(([vendor]) => name === undefined || vendor === name);
  if (chosen.length === 0)
    throw new Error(`there is no sandbox "${name}": ${Object.keys(VENDORS).join(', ')}`);
  const people = seed === undefined ? undefined : seedPeople(readPeople(seed));
  const listening: Listening[] = [];
  for (const [index, [vendor, { create, port, base = '', opens }]] of chosen.entries()) {
    const wanted = first === undefined ? port : first === 0 ? 0 : first + index;
    const { sandbox, ids } = create(people);
    const started = await sandbox.listen(wanted, host).catch((error: unknown) => {
      throw member(error, 'code') === 'EADDRINUSE' ? new Error(portInUse(wanted)) : error;
    });
    listening.push(started);
    console.log(`${vendor.padEnd(9)} ${started.url}${base}`);
    for (const line of [...opens, `ids: ${listed(ids)}`]) console.log(`          ${line}`);
  }
  if (people) printPeople(people);
  console.log('Fake data in memory. Ctrl-C stops.');

  const stop = async (): Promise<void> => {
    await Promise.all(listening.map((one) => one.close()));
    console.log('Stopped.');
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
}

function portInUse(port: number): string {
  return `Port ${port} is in use. Choose another one: npm run sandbox -- --port <number>, 0 for any free one.`;
}

const SHOWN_IDS = 5;
const SHOWN_PEOPLE = 50;

function listed(ids: readonly (string | number)[]): string {
  const more = ids.length - SHOWN_IDS;
  return [...ids.slice(0, SHOWN_IDS), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

/** One line a person with the ids, ready for a file of links. */
function printPeople({
  vitalis: { professionals },
  clinikapi: { roles },
  cobalt: { providers },
  fhir,
}: SeededPeople): void {
  console.log('person,vitalis,clinikapi,cobalt,fhir');
  for (const [index, { id, name, surname }] of professionals.slice(0, SHOWN_PEOPLE).entries()) {
    const ids = [id, roles[index]?.id, providers[index]?.id, fhir.roles[index]?.id];
    console.log(`${name} ${surname},${ids.join(',')}`);
  }
  if (professionals.length > SHOWN_PEOPLE) console.log(`and ${professionals.length - SHOWN_PEOPLE} more`);
}

new Command('sandbox')
  .description('Starts one vendor sandbox, or all of them.')
  .argument('[vendor]', Object.keys(VENDORS).join(' | '))
  .option('--port <number>', 'the port; the next ones for further sandboxes; 0 for any free one', readPort)
  .option('--seed <people>', 'how many made-up people, or a JSON file with a list of canonical records')
  .option('--host <address>', 'the address to listen on', '127.0.0.1')
  .action(serve)
  .parseAsync()
  .catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    // A sandbox that already listens would keep the process alive.
    process.exit(1);
  });

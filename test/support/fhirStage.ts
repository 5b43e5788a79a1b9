/** A gateway with one clinic whose staff is on a FHIR server, on real sockets. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { adapters } from '../../adapters';
import { SANDBOX_CREDENTIALS } from '../../sandbox/credentials';
import { createFhirSandbox, FHIR_BASE, type FhirSandboxOptions } from '../../sandbox/fhir';
import { NATIONAL_ID_SYSTEM } from '../../sandbox/fhir/seeds';
import { createLog } from '../../src/ops/log';
import { serve } from '../../src/serve';
import type { Reply } from './stage';

const KEY = 'key-of-the-fhir-clinic';
export const ROLE = 'role-abc123';
export const PRACTITIONER = 'prac-abc123';

export interface FhirStageOptions extends FhirSandboxOptions {
  /** What the connection says besides its adapter and base URL. */
  vendor?: (url: string) => Record<string, unknown>;
  settings?: Record<string, unknown>;
}

export async function openFhirStage({ vendor, settings = {}, ...options }: FhirStageOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-fhir-'));
  const sandbox = createFhirSandbox(options);
  const server = await sandbox.listen();
  const configPath = join(folder, 'gateway.yaml');
  const config = {
    server: { host: '127.0.0.1', port: 0, drainMs: 0 },
    ops: { host: '127.0.0.1', port: 0 },
    store: { url: `sqlite:${join(folder, 'gateway.db')}` },
    vendors: {
      'fhir-main': {
        adapter: 'fhir',
        baseUrl: server.url + FHIR_BASE,
        credentials: { token: SANDBOX_CREDENTIALS.fhir.token },
        options: { nationalIdSystem: NATIONAL_ID_SYSTEM },
        ...vendor?.(server.url),
      },
    },
    clinics: { west: { vendor: 'fhir-main', identity: 'direct' } },
    callers: [
      {
        name: 'west-app',
        keySha256: createHash('sha256').update(KEY).digest('hex'),
        clinic: 'west',
        scopes: ['staff:read', 'staff:write'],
      },
    ],
    ...settings,
  };
  await writeFile(configPath, stringify(config));
  const lines: string[] = [];
  const log = createLog('info', { write: (line: string) => void lines.push(line) });
  const gateway = await serve({ configPath, env: {}, adapters, log });

  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(gateway.url + path, {
      method,
      headers: {
        authorization: `Bearer ${KEY}`,
        ...(body !== undefined && { 'content-type': 'application/merge-patch+json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const reply: Reply = { status: response.status, headers: response.headers, body: await response.json() };
    return reply;
  };
  return {
    url: gateway.url,
    configPath,
    config,
    sandbox,
    lines,
    call,
    patch: (body: unknown, headers: Record<string, string> = {}, id = ROLE) =>
      call('PATCH', `/staff/${id}`, body, headers),
    get: (id = ROLE) => call('GET', `/staff/${id}`),
    close: async () => {
      await gateway.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type FhirStage = Awaited<ReturnType<typeof openFhirStage>>;

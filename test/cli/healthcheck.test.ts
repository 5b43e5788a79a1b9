/** `healthcheck` as a container's platform calls it, against gateways that speak plain HTTP or TLS. */
import { writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { stringify } from 'yaml';
import { adapters } from '../../adapters';
import { createLog } from '../../src/ops/log';
import { serve } from '../../src/serve';
import { run } from '../support/commandLine';
import { OPERATOR_KEYS, withOperators } from '../support/console';
import { openStage, type Stage } from '../support/stage';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

const portOf = (url: string) => new URL(url).port;

test('a gateway that is alive: 0, and nothing is said', async () => {
  const ended = await run(['healthcheck', '-c', stage.configPath], {
    OPS_PORT: portOf(stage.gateway.opsUrl),
  });
  expect(ended).toEqual({ code: 0, out: '', err: '' });
});

test('under TLS with client certificates too, at the address that the file names', async () => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'gateway' }]);
  const paths = { certFile: 'cert.pem', keyFile: 'key.pem', clientCaFile: 'cert.pem' };
  const tls = Object.fromEntries(
    Object.entries(paths).map(([name, file]) => [name, join(stage.folder, file)]),
  );
  await writeFile(join(stage.folder, 'cert.pem'), cert);
  await writeFile(join(stage.folder, 'key.pem'), key);
  const server = { ...stage.config.server, tls: { ...tls, requireClientCert: true } };
  const configPath = join(stage.folder, 'secure.yaml');
  await writeFile(configPath, stringify({ ...stage.config, server, ops: { host: '0.0.0.0', port: 0 } }));
  const log = createLog('silent');
  const secure = await serve({ configPath, env: {}, adapters, log });
  try {
    expect(secure.url).toMatch(/^https:/);
    // As the running gateway has it, in a file that needs no secret of a vendor for this.
    const ops = { host: '0.0.0.0', port: Number(portOf(secure.opsUrl)) };
    await writeFile(
      configPath,
      stringify({ ops, vendors: { x: { credentials: ['$', '{NOT_SET}'].join('') } } }),
    );
    expect(await run(['healthcheck', '-c', configPath])).toEqual({ code: 0, out: '', err: '' });
  } finally {
    await secure.close();
  }
});

test('where the ops port itself speaks TLS, with the console on it', async () => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'gateway' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  const tls = { certFile: join(stage.folder, 'ops-cert.pem'), keyFile: join(stage.folder, 'ops-key.pem') };
  await writeFile(tls.certFile, cert);
  await writeFile(tls.keyFile, key);
  const config = structuredClone(stage.config);
  withOperators(config);
  const configPath = join(stage.folder, 'secure-ops.yaml');
  await writeFile(configPath, stringify({ ...config, ops: { host: '0.0.0.0', port: 0, tls } }));
  const secure = await serve({ configPath, env: {}, adapters, log: createLog('silent') });
  try {
    expect(secure.opsUrl).toMatch(/^https:/);
    const port = Number(portOf(secure.opsUrl));
    const env = { OPS_HOST: '0.0.0.0', OPS_PORT: String(port) };
    expect(await run(['healthcheck', '-c', configPath], env)).toEqual({ code: 0, out: '', err: '' });
    const signed = await signInSecurely(port, cert);
    expect(signed.status).toBe(201);
    expect(signed.cookie).toMatch(
      /^__Host-console-session=[^;]+; Path=\/; HttpOnly; SameSite=Strict; Secure;/,
    );
  } finally {
    await secure.close();
  }
});

/** With a connection that trusts nothing but `ca`. */
function signInSecurely(port: number, ca: string): Promise<{ status: number | undefined; cookie: string }> {
  const options = { host: '127.0.0.1', port, path: '/console/api/session', method: 'POST', ca, agent: false };
  return new Promise((resolve, reject) => {
    const asking = request({ ...options, headers: { 'content-type': 'application/json' } }, (res) => {
      res.resume();
      resolve({ status: res.statusCode, cookie: res.headers['set-cookie']?.[0] ?? '' });
    });
    asking.on('error', reject).end(JSON.stringify({ key: OPERATOR_KEYS.olga }));
  });
}

test('with the address in the environment, a file that is refused does not matter', async () => {
  const broken = join(stage.folder, 'broken.yaml');
  await writeFile(broken, 'vendors: [');
  const env = { OPS_HOST: '0.0.0.0', OPS_PORT: portOf(stage.gateway.opsUrl) };
  expect((await run(['healthcheck', '-c', broken], env)).code).toBe(0);
  expect((await run(['healthcheck', '-c', broken])).code).toBe(1);
});

test('nobody there: 1, and where was asked', async () => {
  const { code, err } = await run(['healthcheck', '-c', stage.configPath], { OPS_PORT: '1' });
  expect([code, err]).toEqual([1, '/healthz on 127.0.0.1, port 1 (ops.host, ops.port) does not answer\n']);
});

/** `healthcheck` as a container's platform calls it, against gateways that speak plain HTTP or TLS. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { stringify } from 'yaml';
import { adapters } from '../../adapters';
import { createLog } from '../../src/ops/log';
import { serve } from '../../src/serve';
import { run } from '../support/commandLine';
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

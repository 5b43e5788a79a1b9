/** Certificates that run out are told before they do. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { consoleClient, OPERATOR_KEYS, withOperators } from '../support/console';
import { openStage } from '../support/stage';

test('a certificate that runs out soon is told, one that does not is not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-console-'));
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);
  for (const [days, count] of [
    [5, 1],
    [60, 0],
  ] as const) {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'gateway' }], {
      notAfterDate: inDays(days),
    });
    const tls = { certFile: join(folder, `${days}.crt`), keyFile: join(folder, `${days}.key`) };
    await writeFile(tls.certFile, cert);
    await writeFile(tls.keyFile, key);
    const stage = await openStage({
      configure: (config) => {
        withOperators(config);
        Object.assign(config.server, { tls });
      },
    });
    const client = consoleClient(stage.gateway.opsUrl);
    await client.signIn(OPERATOR_KEYS.vera);
    const { items } = (await client.api('GET', '/now')).body.data;
    const found = items.filter(({ kind }: { kind: string }) => kind === 'certificate_expires');
    expect(found).toHaveLength(count);
    await stage.close();
  }
  await rm(folder, { recursive: true });
});

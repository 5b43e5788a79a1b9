import { Command } from 'commander';
import { createClinikapiSandbox } from './clinikapi';
import { createCobaltSandbox } from './cobalt';
import { SANDBOX_CREDENTIALS } from './credentials';
import type { Listening, Sandbox } from './kit';
import { readPort } from './port';
import { createVitalisSandbox } from './vitalis';

const { vitalis, clinikapi, cobalt } = SANDBOX_CREDENTIALS;

/** One line a vendor: its factory, its port when all are started, and the credentials that open it. */
const VENDORS: Readonly<Record<string, { create: () => Sandbox<object>; port: number; opens: string }>> = {
  vitalis: {
    create: createVitalisSandbox,
    port: 4610,
    opens: `x-token: ${vitalis.staticAdminToken}, or log in as ${vitalis.admin.email} / ${vitalis.admin.password}`,
  },
  clinikapi: { create: createClinikapiSandbox, port: 4620, opens: `x-api-key: ${clinikapi.liveKey}` },
  cobalt: {
    create: createCobaltSandbox,
    port: 4630,
    opens: `client_id: ${cobalt.clientId}, client_secret: ${cobalt.clientSecret}, access_token: ${cobalt.accessToken}`,
  },
};

async function serve(name: string | undefined, options: { port?: number; host: string }): Promise<void> {
  const chosen = Object.entries(VENDORS).filter(([vendor]) => name === undefined || vendor === name);
  if (chosen.length === 0)
    throw new Error(`there is no sandbox "${name}": ${Object.keys(VENDORS).join(', ')}`);
  const listening: Listening[] = [];
  for (const [index, [vendor, { create, port, opens }]] of chosen.entries()) {
    const first = options.port;
    const wanted = first === undefined ? port : first === 0 ? 0 : first + index;
    const started = await create().listen(wanted, options.host);
    listening.push(started);
    console.log(`${vendor.padEnd(9)} ${started.url}   ${opens}`);
  }
  console.log('Fake data in memory. Ctrl-C stops.');

  const stop = async (): Promise<void> => {
    await Promise.all(listening.map((one) => one.close()));
    console.log('Stopped.');
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
}

new Command('sandbox')
  .description('Starts one vendor sandbox, or all three.')
  .argument('[vendor]', Object.keys(VENDORS).join(' | '))
  .option('--port <number>', 'the port; the next ones for further sandboxes; 0 for any free one', readPort)
  .option('--host <address>', 'the address to listen on', '127.0.0.1')
  .action(serve)
  .parseAsync()
  .catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    // A sandbox that already listens would keep the process alive.
    process.exit(1);
  });

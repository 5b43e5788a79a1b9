/** Subjects that are no dependency of the gateway: measured if somebody has installed them. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Children, pidOf } from './children';
import { staffIds } from './gateway';
import { type Absent, type Places, type Requests, type Subject, UPDATE } from './subject';
import { FLOWS, nodeRedFlow, nodeRedSettings } from './subjects/nodeRed';

const PORTKEY = {
  name: 'portkey',
  title: '(e) @portkey-ai/gateway, chat completion',
  install: '@portkey-ai/gateway@1.15.2',
};

/**
 * Portkey has no PATCH route, and its generic proxy routes answer 500 on Node 20 (it appends to immutable headers), so it
 * is measured in its own job: an OpenAI chat completion forwarded to the stub.
 */
export async function portkey(children: Children, { vendorUrl }: Places): Promise<Subject | Absent> {
  const server = installed('@portkey-ai/gateway', 'build/start-server.js');
  if (server === undefined) return notInstalled(PORTKEY);
  const port = await freePort();
  const child = children.spawn(
    PORTKEY.name,
    ['--require', join(__dirname, 'subjects/loopbackOnly.js'), server, '--headless', `--port=${port}`],
    { env: { PATH: process.env.PATH, NODE_ENV: 'production' }, stdio: 'ignore' },
  );
  const origin = `http://127.0.0.1:${port}`;
  await listening(origin, child);
  return {
    ...UPDATE,
    name: PORTKEY.name,
    title: PORTKEY.title,
    note: 'its own job, as it forwards no PATCH: one short chat completion',
    vendor: 'chat',
    onlyInFullRuns: true,
    pid: pidOf(child),
    traffic: {
      origin,
      method: 'POST',
      path: '/v1/chat/completions?{id}',
      ids: staffIds(32),
      headers: {
        authorization: 'Bearer bench',
        'x-portkey-provider': 'openai',
        'x-portkey-custom-host': `${vendorUrl}/v1`,
      },
      turns: ['inactive', 'active'].map((word) => ({
        body: JSON.stringify({ model: 'stub', messages: [{ role: 'user', content: word }] }),
        answerHolds: [`"content":"${word}"`],
      })),
    },
  };
}

const NODE_RED = { name: 'node-red', title: '(f) Node-RED, translating', install: 'node-red@5.0.7' };

/** What a team would take off the shelf: the same translation as a flow, between its nodes for requests and answers. */
export async function nodeRed(
  children: Children,
  { folder: parent, vendorUrl }: Places,
  wanted: Requests,
): Promise<Subject | Absent> {
  const program = installed('node-red', 'red.js');
  if (program === undefined) return notInstalled(NODE_RED);
  const folder = join(parent, NODE_RED.name);
  const settings = join(folder, 'settings.js');
  const port = await freePort();
  mkdirSync(folder);
  writeFileSync(settings, `module.exports = ${JSON.stringify(nodeRedSettings(port))};\n`);
  writeFileSync(join(folder, FLOWS), JSON.stringify(nodeRedFlow(vendorUrl)));
  const child = children.spawn(NODE_RED.name, [program, '--userDir', folder, '--settings', settings], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production' },
    stdio: 'ignore',
  });
  const origin = `http://127.0.0.1:${port}`;
  await listening(origin, child);
  return {
    ...UPDATE,
    name: NODE_RED.name,
    title: NODE_RED.title,
    onlyInFullRuns: true,
    pid: pidOf(child),
    traffic: { ...wanted.traffic, origin },
    statusOnly: { ...wanted.statusOnly, origin },
  };
}

interface Optional {
  name: string;
  title: string;
  /** What npm is to install. */
  install: string;
}

/** Where a module of a package is, if the package is installed. */
function installed(name: string, module: string): string | undefined {
  try {
    const found = join(dirname(require.resolve(`${name}/package.json`)), module);
    return existsSync(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function notInstalled({ name, title, install }: Optional): Absent {
  return { name, title, skipped: `not installed: npm install --no-save --ignore-scripts ${install}` };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function listening(origin: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error('an optional subject did not start');
    if (
      await fetch(origin).then(
        () => true,
        () => false,
      )
    )
      return;
    await sleep(50);
  }
  throw new Error('an optional subject does not answer');
}

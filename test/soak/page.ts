/**
 * `npm run soak -- page`: what the console's page costs a slow computer. Prints the compressed bytes of every file that the browser gets,
 * and the milliseconds until a screen has its content, on a processor that is slowed down: the middle and the slowest of the rounds.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { parse, stringify } from 'yaml';
import { bundleConsole } from '../../scripts/bundleConsole';
import { openBrowser } from '../support/browser';
import { startGatewayProcess } from '../support/gatewayProcess';
import { soakConfiguration } from './configuration';

const PAGE = join(__dirname, '../../dist/console');
const OPERATOR_KEY = 'key-of-the-operator-of-the-soak';
const MOST_BYTES = 60_000;
const ROUNDS = 7;

/** Notes when the screen stands, by the page's own clock that begins with the navigation. */
const WATCH = `(() => {
  const look = () => {
    const stands = document.querySelector('main h1, main form');
    if (stands === null || document.querySelector('main [role=status].quiet') !== null) return;
    document.documentElement.dataset.stoodAt = performance.now();
    watch.disconnect();
  };
  const watch = new MutationObserver(look);
  watch.observe(document, { childList: true, subtree: true });
})()`;

/** @param slowdown how many times slower the processor is @returns whether the page is as small as it should be */
export async function runPageSoak(
  slowdown: number,
  print = (line: string) => void process.stdout.write(`${line}\n`),
): Promise<boolean> {
  await bundleConsole(PAGE);
  const bytes = await sizes(print);
  const folder = await mkdtemp(join(tmpdir(), 'gateway-page-'));
  const configPath = join(folder, 'gateway.yaml');
  const config = parse(soakConfiguration(`sqlite:${join(folder, 'gateway.db')}`, 'http://127.0.0.1:1'));
  const keySha256 = createHash('sha256').update(OPERATOR_KEY).digest('hex');
  const operators = [{ name: 'olga', keySha256, role: 'operator' }];
  await writeFile(configPath, stringify({ ...config, operators }));
  const gateway = await startGatewayProcess(configPath);
  const browser = await openBrowser(gateway.opsUrl);
  try {
    const { page } = browser;
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
    // Each time as if it were the first.
    await devtools.send('Network.enable');
    await devtools.send('Network.setCacheDisabled', { cacheDisabled: true });
    await page.addInitScript(WATCH);
    const url = `${gateway.opsUrl}/console`;
    await measure(page, url, 'sign in', print);
    await page.getByLabel('Your operator key').fill(OPERATOR_KEY);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('navigation').waitFor();
    for (const screen of ['', '/deliveries', '/connections', '/changes']) {
      await measure(page, url + screen, screen === '' ? 'now' : screen.slice(1), print);
    }
    return bytes < MOST_BYTES;
  } finally {
    await browser.close();
    await gateway.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

async function sizes(print: (line: string) => void): Promise<number> {
  const names = (await readdir(PAGE)).filter((name) => /\.(html|js|css|svg)$/.test(name));
  let sum = 0;
  for (const name of names.sort()) {
    const content = await readFile(join(PAGE, name));
    const compressed = gzipSync(content).length;
    sum += compressed;
    print(`${name.padEnd(28)} ${content.length} bytes, ${compressed} compressed`);
  }
  print(`${'all'.padEnd(28)} ${sum} bytes compressed (at most ${MOST_BYTES})`);
  return sum;
}

async function measure(page: Page, url: string, name: string, print: (line: string) => void): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await page.goto(url);
    await page.waitForSelector('html[data-stood-at]');
    times.push(Number(await page.locator('html').getAttribute('data-stood-at')));
  }
  const [middle = 0, slowest = 0] = [times.sort((one, other) => one - other)[ROUNDS >> 1], times.at(-1)];
  print(`${name.padEnd(28)} middle ${middle.toFixed(0)}, slowest ${slowest.toFixed(0)} ms until it stands`);
}

/**
 * Makes the pictures of docs/console.md out of the demo, in a real browser:
 * `node -r ./test/support/typescript.cjs scripts/consolePictures.ts`
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser } from '../test/support/browser';

const ROOT = join(__dirname, '..');
const PICTURES = join(ROOT, 'docs/pictures');

const SHOWN = [
  { name: 'console-deliveries', path: '/deliveries', width: 900, height: 520, colorScheme: 'light' },
  { name: 'console-phone', path: '/deliveries?status=dead', width: 390, height: 640, colorScheme: 'dark' },
] as const;

async function main(): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  const hook = join(ROOT, 'test/support/typescript.cjs');
  const demo = spawn(process.execPath, ['-r', hook, join(ROOT, 'sandbox/demo.ts'), '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const chunk of demo.stdout) {
    said += String(chunk);
    if (said.includes('Serving until Ctrl-C.')) break;
  }
  const [url = ''] = /^http\S+\/console$/m.exec(said) ?? [];
  const [, key = ''] = /\(operator\) with the key (\S+)/.exec(said) ?? [];
  const { page, close } = await openBrowser(new URL(url).origin);
  await page.goto(url);
  await page.getByLabel('Your operator key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('1 dead').waitFor();
  for (const { name, path, width, height, colorScheme } of SHOWN) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    await page.goto(url + path);
    await page.getByRole('main').getByText('dead', { exact: true }).waitFor();
    await page.screenshot({ path: join(PICTURES, `${name}.png`) });
  }
  await close();
  demo.kill('SIGTERM');
}

void main();

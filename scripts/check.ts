/**
 * `npm run check`: what CI runs besides the tests, its parts side by side, a line each; what a part that fails has said follows
 * its line. `npm run check -- types lint` runs only those.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** The root of the checkout. */
const ROOT = join(__dirname, '..');

type Command = readonly [program: string, ...parameters: string[]];

const compiled = (script: string, ...parameters: string[]): Command => [
  process.execPath,
  `dist/scripts/${script}.js`,
  ...parameters,
];

/** Commands of each part, one after the other. Those of `compiled` need the compiled scripts. */
const PARTS: Readonly<Record<string, readonly Command[]>> = {
  types: [
    ['tsc', '-p', 'tsconfig.json', '--noEmit'],
    ['tsc', '-p', 'console'],
  ],
  lint: [['biome', 'check', '.']],
  'dead-code': [['knip']],
  openapi: [compiled('writeOpenApi', 'dist/openapi.json'), ['redocly', 'lint', 'dist/openapi.json']],
  generated: [
    compiled('generateDocs', '--check'),
    compiled('generateClient', '--check'),
    compiled('generateConfigSchema', '--check'),
    compiled('checkPackaging', 'licences', '--check'),
  ],
  packaging: [compiled('checkPackaging', 'lock', 'audit', 'pins', 'sbom')],
};

interface Ended {
  passed: boolean;
  said: string;
}

function run([program, ...parameters]: Command): Promise<Ended> {
  const path = program.includes('/') ? program : join(ROOT, 'node_modules/.bin', program);
  return new Promise((resolve) => {
    const child = spawn(path, parameters, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    });
    let said = '';
    const listen = (text: string) => {
      said += text;
    };
    child.stdout.setEncoding('utf8').on('data', listen);
    child.stderr.setEncoding('utf8').on('data', listen);
    child.on('error', (error) => resolve({ passed: false, said: error.message }));
    child.on('close', (code) => resolve({ passed: code === 0, said }));
  });
}

/** All commands, also after one has failed, so that one run names everything that is wrong. */
async function check(name: string, commands: readonly Command[]): Promise<boolean> {
  const started = performance.now();
  const ended: Ended[] = [];
  for (const command of commands) ended.push(await run(command));
  const failed = ended.filter(({ passed }) => !passed);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const lines = [`${failed.length === 0 ? 'ok    ' : 'FAILED'}  ${name.padEnd(10)}  ${seconds} s`];
  for (const { said } of failed) lines.push(said.trim());
  // What passes for want of an answer is not passed over in silence.
  for (const { said } of ended) lines.push(...said.split('\n').filter((line) => line.startsWith('WARNING')));
  process.stdout.write(`${lines.join('\n')}\n`);
  return failed.length === 0;
}

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !Object.hasOwn(PARTS, name));
  if (unknown.length > 0) {
    process.stderr.write(`there is no check ${unknown.join(', ')}: ${Object.keys(PARTS).join(', ')}\n`);
    process.exitCode = 1;
    return;
  }
  const chosen = Object.entries(PARTS).filter(([name]) => names.length === 0 || names.includes(name));
  const needsCompiling = ([, commands]: (typeof chosen)[number]) =>
    commands.some(([program]) => program === process.execPath);
  const compiling = chosen.some(needsCompiling)
    ? run(['tsc', '-p', 'tsconfig.build.json'])
    : Promise.resolve({ passed: true, said: '' });
  const passed = await Promise.all(
    chosen.map(async (part) => {
      const { passed: isCompiled, said } = needsCompiling(part)
        ? await compiling
        : { passed: true, said: '' };
      if (!isCompiled)
        process.stdout.write(`FAILED  ${part[0].padEnd(10)}  does not compile\n${said.trim()}\n`);
      return isCompiled && check(...part);
    }),
  );
  process.exitCode = passed.every(Boolean) ? 0 : 1;
}

void main(process.argv.slice(2));

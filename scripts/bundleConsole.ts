/** Builds the operators' page out of the folder `console/`: one script, one style, each with a digest in its name. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** The root of the checkout, seen from dist/scripts or, where the sources run as they are, from scripts. */
const ROOT = join(__dirname, __filename.endsWith('.ts') ? '..' : '../..');
const SOURCE = join(ROOT, 'console');

/** One after the other. */
const STYLES = ['frame.css', 'parts.css'];

/** Whose code is in the script. */
const INSIDE = ['preact', '@preact/signals', '@preact/signals-core'];

/** @param folder emptied first */
export async function bundleConsole(folder: string): Promise<void> {
  const script = await bundled();
  const style = STYLES.map((name) => readFileSync(join(SOURCE, 'style', name), 'utf8')).join('\n');
  const icon = readFileSync(join(SOURCE, 'icon.svg'), 'utf8');
  const names = {
    script: named('console', 'js', script),
    style: named('console', 'css', style),
    icon: named('icon', 'svg', icon),
  };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, names.script), script);
  writeFileSync(join(folder, names.style), style);
  writeFileSync(join(folder, names.icon), icon);
  writeFileSync(join(folder, 'LICENSES.txt'), INSIDE.map(licenceOf).join('\n\n'));
  writeFileSync(join(folder, 'index.html'), page(names));
}

async function bundled(): Promise<string> {
  const bundle = await rolldown({
    cwd: ROOT,
    input: join(SOURCE, 'main.tsx'),
    platform: 'browser',
    tsconfig: join(SOURCE, 'tsconfig.json'),
    onLog: (level, { message }) => {
      if (level === 'warn') throw new Error(message);
    },
  });
  const { output } = await bundle.generate({
    format: 'esm',
    codeSplitting: false,
    minify: true,
    comments: false,
  });
  await bundle.close();
  return output[0].code;
}

function named(name: string, extension: string, content: string): string {
  const digest = createHash('sha256').update(content).digest('base64url').slice(0, 12);
  return `${name}.${digest}.${extension}`;
}

function licenceOf(name: string): string {
  const folder = join(ROOT, 'node_modules', name);
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  if (file === undefined) throw new Error(`${name} has no licence text`);
  return `${name}\n\n${readFileSync(join(folder, file), 'utf8')}`;
}

function page({ script, style, icon }: Readonly<Record<'script' | 'style' | 'icon', string>>): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Directory gateway</title>
<link rel="icon" href="/console/assets/${icon}">
<link rel="stylesheet" href="/console/assets/${style}">
<script type="module" src="/console/assets/${script}"></script>
</head>
<body><div id="root"></div></body>
</html>
`;
}

/** By itself it builds where a checkout looks for the page. */
if (require.main === module) void bundleConsole(join(ROOT, 'dist/console'));

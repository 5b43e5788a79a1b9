/**
 * Generates `client/gateway.ts` from the OpenAPI document. With `--check` it writes nothing and fails where the file is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateApi } from 'swagger-typescript-api';
import { openApiDocument } from '../src/http/openapi/document';

/** The root of the checkout, seen from dist/scripts. */
const FILE = join(__dirname, '../../client/gateway.ts');

const HEAD = `// biome-ignore-all lint: generated
// biome-ignore-all format: generated
// biome-ignore-all assist: generated
// @ts-nocheck
`;

async function generate(): Promise<string> {
  const { info, ...rest } = openApiDocument();
  const document = JSON.parse(
    JSON.stringify({ ...rest, info: { ...Object(info), description: 'See /docs.' } }),
  );
  const { files } = await generateApi({
    spec: document,
    fileName: 'gateway.ts',
    output: false,
    silent: true,
    moduleNameFirstTag: true,
    apiClassName: 'Gateway',
    enumStyle: 'union',
  });
  const content = files[0]?.fileContent;
  if (content === undefined) throw new Error('the generator has made no file');
  return HEAD + content.replaceAll(/path: `[^`]*`/g, encoded);
}

/** The generator puts path parameters in as they are; an id must not lead to another path. */
function encoded(path: string): string {
  return path.replaceAll(/\$\{(\w+)\}/g, (_, name) => `\${encodeURIComponent(${name})}`);
}

async function main(): Promise<void> {
  const after = await generate();
  const before = readFileSync(FILE, 'utf8');
  if (before === after) return;
  if (process.argv.includes('--check')) {
    process.stderr.write('client/gateway.ts is stale; run: npm run generate\n');
    process.exitCode = 1;
  } else writeFileSync(FILE, after);
}

void main();

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
`;

async function generate(): Promise<string> {
  const { files } = await generateApi({
    spec: JSON.parse(JSON.stringify(openApiDocument())),
    fileName: 'gateway.ts',
    output: false,
    silent: true,
    moduleNameFirstTag: true,
    apiClassName: 'Gateway',
    enumStyle: 'union',
    templates: join(__dirname, '../../scripts/clientTemplates'),
    hooks: {
      onCreateRoute: (route) => {
        // Calls throw what is not a success, so its type would be nowhere.
        route.response.errorType = 'Problem';
        // The generator puts path parameters in as they are; an id must not lead to another path.
        const { path = '' } = route.request;
        route.request.path = path.replaceAll(/\$\{(\w+)\}/g, (_, name) => `\${encodeURIComponent(${name})}`);
        return route;
      },
    },
  });
  const content = files[0]?.fileContent;
  if (content === undefined) throw new Error('the generator has made no file');
  return HEAD + content;
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

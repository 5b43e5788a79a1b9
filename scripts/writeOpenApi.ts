/** Writes the OpenAPI document to a file, for tools: `node dist/scripts/writeOpenApi.js <file>`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { openApiDocument } from '../src/http/openapi/document';

const [, , file = 'dist/openapi.json'] = process.argv;
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(openApiDocument(), null, 2)}\n`);

/** The OpenAPI 3.1 document, generated from the schemas, lists and tables that execute. */
import { HEADERS, PARAMETERS } from './answers';
import { examples } from './examples';
import { introduction } from './guide';
import type { Part } from './joiSchema';
import { paths, responses } from './operations';
import { schemas } from './schemas';

const TAGS: readonly Part[] = [
  { name: 'Staff', description: 'Read and update staff members.' },
  { name: 'Links', description: 'Which vendor record a staff id is linked to.' },
  { name: 'Operations', description: 'Updates that are delivered later.' },
  { name: 'Audit', description: 'Who changed what.' },
  { name: 'Service', description: 'About the gateway itself. No key is needed.' },
];

/** The version of the HTTP contract. A change that could break a caller raises the first number. */
const API_VERSION = '1.0.0';

export function openApiDocument(): Part {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Provider Directory Gateway',
      version: API_VERSION,
      summary: 'One PATCH for clinic staff, whichever vendor system holds them.',
      description: introduction(),
      contact: { name: 'The operator of this gateway' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This gateway.' }],
    security: [{ apiKey: [] }, { accessToken: [] }],
    tags: TAGS,
    paths: paths(),
    components: {
      schemas: schemas(),
      parameters: PARAMETERS,
      headers: HEADERS,
      responses: responses(),
      examples: examples(),
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'The key that the operator gave you.' },
        accessToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'An OAuth 2 access token, if the operator has set it up.',
        },
      },
    },
  };
}

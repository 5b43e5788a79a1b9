/** `/openapi.json` and the interactive documentation at `/docs`, from local files only. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Request, Response } from 'express';
import { Problem } from '../../problem';

/** Scripts and styles from here, nothing inline, nothing from elsewhere. Pictures inside the style sheet are data URLs. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Provider Directory Gateway: API</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="stylesheet" href="/docs/page.css">
</head>
<body>
<main id="documentation"></main>
<noscript><p>This page needs JavaScript. The same, for programs: <a href="/openapi.json">/openapi.json</a>.</p></noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/page.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#documentation',
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: false,
  validatorUrl: null,
});
`;

const STYLE = `body { margin: 0; }
.swagger-ui .info { margin: 24px 0; }
.swagger-ui .info .renderedMarkdown { max-width: 60rem; }
.swagger-ui .info .renderedMarkdown table { display: block; overflow-x: auto; }
.swagger-ui .info .renderedMarkdown td, .swagger-ui .info .renderedMarkdown th { padding: 6px 12px 6px 0; vertical-align: top; text-align: left; }
.swagger-ui .info .renderedMarkdown td:first-of-type { min-width: 0; }
.swagger-ui .info .renderedMarkdown pre { padding: 12px; }
`;

interface Asset {
  type: string;
  text?: string;
}

/** Where the files are. The package's own entry would load the whole user interface into this process. */
const PACKAGE = dirname(require.resolve('swagger-ui-dist/package.json'));

/** Everything below `/docs/`. What has no text of its own is a file of the user interface's package. */
const ASSETS: Readonly<Record<string, Asset>> = {
  'page.js': { type: 'text/javascript; charset=utf-8', text: START },
  'page.css': { type: 'text/css; charset=utf-8', text: STYLE },
  'swagger-ui-bundle.js': { type: 'text/javascript; charset=utf-8' },
  'swagger-ui.css': { type: 'text/css; charset=utf-8' },
  'favicon-32x32.png': { type: 'image/png' },
};

/** `GET /openapi.json` */
export function getOpenApi(req: Request, res: Response): void {
  // Loaded when it is asked for: it is large, and most processes never show it.
  const { servedDocument }: typeof import('../openapi/document') = require('../openapi/document');
  const { bytes, etag } = servedDocument();
  res.setHeader('etag', etag);
  res.setHeader('cache-control', 'no-cache');
  if (req.headers['if-none-match'] === etag) {
    res.status(304).end();
    return;
  }
  send(req, res, 'application/json; charset=utf-8', bytes);
}

/** `GET /docs` */
export function getDocs(req: Request, res: Response): void {
  res.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
  res.setHeader('cache-control', 'no-cache');
  send(req, res, 'text/html; charset=utf-8', Buffer.from(PAGE));
}

/** `GET /docs/:file` */
export async function getDocsAsset(req: Request, res: Response): Promise<void> {
  const { file } = req.params;
  const asset = typeof file === 'string' && Object.hasOwn(ASSETS, file) ? ASSETS[file] : undefined;
  if (typeof file !== 'string' || asset === undefined) {
    throw new Problem('not_found', 'The documentation has no such file.');
  }
  const bytes = asset.text === undefined ? await readFile(join(PACKAGE, file)) : Buffer.from(asset.text);
  res.setHeader('cache-control', 'public, max-age=3600');
  send(req, res, asset.type, bytes);
}

function send(req: Request, res: Response, type: string, bytes: Buffer): void {
  res.statusCode = 200;
  res.setHeader('content-type', type);
  res.setHeader('content-length', bytes.length);
  res.end(req.method === 'HEAD' ? undefined : bytes);
}

/** `/openapi.json`, and the documentation for people at `/docs`, from local files only. */
import type { Request, Response } from 'express';
import { Problem } from '../../problem';
import { type ServedFile, sendFile, servedFile } from '../docs/file';

/**
 * Scripts and styles from here, none inline but the style attributes that Scalar sets, nothing from elsewhere. Pictures in its styles
 * are data URLs.
 */
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

/** Kept, and asked about with `If-None-Match` each time. */
const ASK_FIRST = 'no-cache';
const FOR_EVER = 'public, max-age=31536000, immutable';

let document: ServedFile | undefined;

/** `GET /openapi.json` */
export function getOpenApi(req: Request, res: Response): Promise<void> {
  document ??= makeDocument();
  return sendFile(req, res, document, ASK_FIRST);
}

function makeDocument(): ServedFile {
  // Loaded when it is asked for: it is large, and most processes never show it.
  const { openApiDocument }: typeof import('../openapi/document') = require('../openapi/document');
  return servedFile('application/json; charset=utf-8', JSON.stringify(openApiDocument()));
}

/** `GET /docs` */
export async function getDocs(req: Request, res: Response): Promise<void> {
  await sendPage(req, res, (await files()).index);
}

/** `GET /docs/:file`: a page of the guide, a script or a style. */
export async function getDocsFile(req: Request, res: Response): Promise<void> {
  const name = String(req.params.file);
  const { pages, assets } = await files();
  const page = pages.get(name);
  if (page !== undefined) return sendPage(req, res, page);
  const asset = assets.get(name);
  if (asset === undefined) throw new Problem('not_found', 'The documentation has no such file.');
  await sendFile(req, res, asset, FOR_EVER);
}

function files(): Promise<import('../docs/files').DocsFiles> {
  const { docsFiles }: typeof import('../docs/files') = require('../docs/files');
  return docsFiles();
}

function sendPage(req: Request, res: Response, page: ServedFile): Promise<void> {
  res.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
  return sendFile(req, res, page, ASK_FIRST);
}

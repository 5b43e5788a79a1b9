/** Files that are the same for everyone: kept in memory once, whoever asks and however often. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Request, Response } from 'express';

export interface ServedFile {
  type: string;
  bytes: Buffer;
  /** Digest of the bytes, fit for a URL and an entity tag. */
  hash: string;
  /** Compressed when it is first asked for, away from the main thread. */
  compressed: () => Promise<Buffer>;
}

export function servedFile(type: string, content: string | Buffer): ServedFile {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 27);
  let compressed: Promise<Buffer> | undefined;
  return {
    type,
    bytes,
    hash,
    compressed: () => {
      compressed ??= promisify(gzip)(bytes, { level: 9 });
      return compressed;
    },
  };
}

/** Bytes that are handed to a connection at a time. */
const PIECE = 256 * 1024;

/**
 * Answers GET and HEAD, with 304 where the client has the file.
 * @param cacheControl how long it may be kept
 */
export async function sendFile(
  req: Request,
  res: Response,
  file: ServedFile,
  cacheControl: string,
): Promise<void> {
  const compress = req.acceptsEncodings('gzip', 'identity') === 'gzip';
  res.vary('accept-encoding');
  res.setHeader('cache-control', cacheControl);
  const tag = compress ? `"${file.hash}-gzip"` : `"${file.hash}"`;
  res.setHeader('etag', tag);
  res.statusCode = 200;
  if (names(req.headers['if-none-match'], tag)) {
    res.status(304).end();
    return;
  }
  const bytes = compress ? await file.compressed() : file.bytes;
  res.setHeader('content-type', file.type);
  if (compress) res.setHeader('content-encoding', 'gzip');
  res.setHeader('content-length', bytes.length);
  if (req.method === 'HEAD') res.end();
  else sendInPieces(res, bytes);
}

/** RFC 9110 section 13.1.2. Not `req.fresh`: that lets `Cache-Control: no-cache`, which `fetch` adds, go before it. */
function names(ifNoneMatch: string | undefined, tag: string): boolean {
  const tags: string[] = ifNoneMatch?.match(/\*|"[^"]*"/g) ?? [];
  return tags.includes('*') || tags.includes(tag);
}

/**
 * Views of the one buffer, the next when the connection has taken the one before: TLS copies what it is given, so 100 slow clients
 * of a whole file would hold it 100 times.
 */
function sendInPieces(res: Response, bytes: Buffer): void {
  let sent = 0;
  const more = () => {
    let room = true;
    while (room && sent < bytes.length && !res.destroyed) {
      room = res.write(bytes.subarray(sent, sent + PIECE));
      sent += PIECE;
    }
    if (sent >= bytes.length && !res.writableEnded) res.end();
  };
  res.on('drain', more);
  more();
}

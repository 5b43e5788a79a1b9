/** Files that are the same for everyone: kept in memory once, whoever asks and however often. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
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
const PIECE = 64 * 1024;

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
  res.setHeader('etag', compress ? `"${file.hash}-gzip"` : `"${file.hash}"`);
  res.statusCode = 200;
  if (req.fresh) {
    res.status(304).end();
    return;
  }
  const bytes = compress ? await file.compressed() : file.bytes;
  res.setHeader('content-type', file.type);
  if (compress) res.setHeader('content-encoding', 'gzip');
  res.setHeader('content-length', bytes.length);
  if (req.method === 'HEAD') res.end();
  else await sendInPieces(res, bytes);
}

/** Views of the one buffer, each when the connection has taken the one before: TLS would copy the whole for a slow client. */
async function sendInPieces(res: Response, bytes: Buffer): Promise<void> {
  try {
    await pipeline(Readable.from(pieces(bytes), { highWaterMark: 1 }), res);
  } catch (error) {
    // The client has gone, and nobody is left to be told.
    if (!res.destroyed) throw error;
  }
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += PIECE) yield bytes.subarray(start, start + PIECE);
}

/** The page itself: what `npm run build` has made of the folder `console/`, kept in memory. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Request, Response } from 'express';
import { type ServedFile, sendFile, servedFile } from '../http/docs/file';
import { Problem } from '../problem';

const ASK_FIRST = 'no-cache';
const FOR_EVER = 'public, max-age=31536000, immutable';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Beside the bundle, or where a checkout builds it. */
const PLACES = [
  join(__dirname, 'console'),
  join(__dirname, '../../console'),
  join(__dirname, '../../dist/console'),
];

let loading: Promise<ReadonlyMap<string, ServedFile>> | undefined;

/** `GET /console`, and all screens below it. */
export async function getPage(req: Request, res: Response): Promise<void> {
  const page = (await files()).get('index.html');
  if (page === undefined) {
    throw new Problem('not_found', 'The console’s page was not built: npm run build. Its API is here.');
  }
  await sendFile(req, res, page, ASK_FIRST);
}

/** `GET /console/assets/:file`: the name has a digest of the contents, so what is there never changes. */
export async function getAsset(req: Request, res: Response): Promise<void> {
  const asset = (await files()).get(String(req.params.file));
  if (asset === undefined) throw new Problem('not_found', 'The console has no such file.');
  await sendFile(req, res, asset, FOR_EVER);
}

async function files(): Promise<ReadonlyMap<string, ServedFile>> {
  loading ??= load();
  const found = await loading;
  // It may be built after the gateway has started.
  if (found.size === 0) loading = undefined;
  return found;
}

async function load(): Promise<ReadonlyMap<string, ServedFile>> {
  const folder = PLACES.find((place) => existsSync(join(place, 'index.html')));
  if (folder === undefined) return new Map();
  const names = (await readdir(folder)).filter((name) => Object.hasOwn(TYPES, extname(name)));
  const entries = names.map(
    async (name): Promise<[string, ServedFile]> => [
      name,
      servedFile(TYPES[extname(name)] ?? '', await readFile(join(folder, name))),
    ],
  );
  return new Map(await Promise.all(entries));
}

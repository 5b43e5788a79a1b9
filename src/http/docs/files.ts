/** All files of `/docs` by the last part of their URL, read and made with the first request for one of them. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ServedFile, servedFile } from './file';
import { guidePages, referencePage, START, STYLE } from './pages';

export interface DocsFiles {
  /** The page at `/docs` itself. */
  index: ServedFile;
  /** Pages for people: their URLs stay, what is there may change. */
  pages: ReadonlyMap<string, ServedFile>;
  /** Scripts and styles: the name has a digest of the contents, so what is there never changes. */
  assets: ReadonlyMap<string, ServedFile>;
}

let loading: Promise<DocsFiles> | undefined;

/** @returns the same files for all requests */
export async function docsFiles(): Promise<DocsFiles> {
  loading ??= load();
  try {
    return await loading;
  } catch (error) {
    loading = undefined;
    throw error;
  }
}

const SCRIPT = 'text/javascript; charset=utf-8';
const HTML = 'text/html; charset=utf-8';

async function load(): Promise<DocsFiles> {
  const reference = servedFile(SCRIPT, await readFile(referencePath()));
  const start = servedFile(SCRIPT, START);
  const style = servedFile('text/css; charset=utf-8', STYLE);
  const names = {
    reference: `reference.${reference.hash}.js`,
    start: `start.${start.hash}.js`,
    style: `style.${style.hash}.css`,
  };
  return {
    index: servedFile(HTML, referencePage(names)),
    pages: new Map(guidePages(names.style).map(([slug, html]) => [slug, servedFile(HTML, html)])),
    assets: new Map([
      [names.reference, reference],
      [names.start, start],
      [names.style, style],
    ]),
  };
}

/** The build puts the one file that is needed beside the bundle; a checkout has the whole package. */
function referencePath(): string {
  const besideTheBundle = join(__dirname, 'reference.js');
  if (existsSync(besideTheBundle)) return besideTheBundle;
  return join(dirname(require.resolve('@scalar/api-reference')), 'browser/standalone.js');
}

/** The text of a file that a spreadsheet program saved: UTF-8, or UTF-16 with a byte order mark. */
import { TextDecoder } from 'node:util';
import { UnusableFile } from './unusable';

const NOT_TEXT =
  'the file is neither UTF-8 nor UTF-16 with a byte order mark; save it as "CSV UTF-8" in the spreadsheet program';

/** @throws UnusableFile where the bytes are no such text */
export async function* decoded(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  let start = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    if (decoder === undefined) {
      // A byte order mark has up to three bytes, and the first chunk may be shorter.
      start = Buffer.concat([start, bytes]);
      if (start.length < 3) continue;
      decoder = decoderFor(start);
      yield decode(decoder, start);
    } else yield decode(decoder, bytes);
  }
  if (decoder === undefined) {
    decoder = decoderFor(start);
    yield decode(decoder, start);
  }
  yield decode(decoder, undefined);
}

/**
 * The same text with `\n` for every line end: programs mix them, a header with the line end of one and rows with that of
 * another.
 */
export async function* withOneLineEnd(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let held = '';
  for await (const text of texts) {
    const all = held + text;
    // The other half of it may be in the next chunk.
    held = all.endsWith('\r') ? '\r' : '';
    yield all.slice(0, all.length - held.length).replace(/\r\n?/g, '\n');
  }
  if (held !== '') yield '\n';
}

function decoderFor(start: Buffer): TextDecoder {
  const [first, second] = start;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le', { fatal: true });
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be', { fatal: true });
  return new TextDecoder('utf-8', { fatal: true });
}

/** @param bytes undefined at the end */
function decode(decoder: TextDecoder, bytes: Uint8Array | undefined): string {
  let text: string;
  try {
    text = bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch {
    throw new UnusableFile(NOT_TEXT);
  }
  // UTF-16 without its mark is well-formed UTF-8 full of these.
  if (text.includes('\0')) throw new UnusableFile(NOT_TEXT);
  return text;
}

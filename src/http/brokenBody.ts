/** Bodies whose bytes turn out to be no HTTP: the parser has given up, and no more of them will come. */
import type { IncomingMessage } from 'node:http';

const broken = new WeakMap<IncomingMessage, string>();
/** The event by which whoever is reading the body hears of it. */
const BROKEN = Symbol('broken');

/** @param detail what is wrong, for the answer */
export function breakBody(req: IncomingMessage, detail: string): void {
  broken.set(req, detail);
  req.emit(BROKEN, detail);
}

/** What is wrong with the bytes that came so far, if anything. */
export function breakIn(req: IncomingMessage): string | undefined {
  return broken.get(req);
}

/** Calls back if the body breaks later. */
export function onBreak(req: IncomingMessage, listener: (detail: string) => void): void {
  req.once(BROKEN, listener);
}

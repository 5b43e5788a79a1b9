/** Bodies whose bytes turn out to be no HTTP: the parser has given up, and no more of them will come. */
import type { IncomingMessage } from 'node:http';

const broken = new WeakMap<IncomingMessage, string>();
const listeners = new WeakMap<IncomingMessage, (detail: string) => void>();

/** @param detail what is wrong, for the answer */
export function breakBody(req: IncomingMessage, detail: string): void {
  broken.set(req, detail);
  listeners.get(req)?.(detail);
}

/** What is wrong with the bytes that came so far, if anything. */
export function breakIn(req: IncomingMessage): string | undefined {
  return broken.get(req);
}

/** Calls back if the body breaks later; for one listener. */
export function onBreak(req: IncomingMessage, listener: (detail: string) => void): void {
  listeners.set(req, listener);
}

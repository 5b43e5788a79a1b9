/**
 * The log: an allow-list. A line holds what is named here and nothing else, so no body, value, key, query string or
 * vendor text can reach it.
 */
import pino, { type DestinationStream } from 'pino';

/** What a line on a request may say. Names of the configuration, codes and ids; never a value. */
export interface RequestFacts {
  requestId: string;
  /** The route's template. */
  route?: string;
  /** The problem code of the answer. */
  code?: string;
  caller?: string;
  clinic?: string;
  /** The name of the clinic's connection. */
  vendor?: string;
}

/** What the log says of a call to a vendor. */
export interface VendorCallFacts {
  /** Of the request that it was made for, if it was for one: a login is for many. */
  requestId: string | undefined;
  /** The name of the connection. */
  vendor: string;
  operation: string;
  outcome: string;
  status: number | undefined;
}

export interface Log {
  request(context: RequestFacts, method: string, status: number, milliseconds: number): void;
  /** At level `debug`: one line for each vendor call. @param milliseconds undefined for one that never left */
  vendorCall(call: VendorCallFacts, milliseconds: number | undefined): void;
  /** A defect of ours: the kind of error and where it arose, never its message, which may quote a value. */
  defect(context: RequestFacts, error: unknown): void;
  /** Something that was done as asked, in our own words. */
  info(message: string, facts?: Readonly<Record<string, string | number | boolean>>): void;
  /** Something that operators should see, in our own words. */
  notice(message: string, facts?: Readonly<Record<string, string | number | boolean>>): void;
}

/** Lines travel together, for so many milliseconds or bytes at most: a write costs more than what a line says. */
const TOGETHER = { sync: false, minLength: 4096, periodicFlush: 100 };

/** @param level a pino level name, or `silent` */
export function createLog(level: string, destination?: DestinationStream): Log {
  const logger = pino({ level, base: null }, destination ?? pino.destination(TOGETHER));
  return {
    request({ requestId, route, caller, clinic, vendor, code }, method, status, milliseconds) {
      logger.info(
        {
          requestId,
          method,
          route,
          status,
          code,
          caller,
          clinic,
          vendor,
          ms: tenths(milliseconds),
        },
        'request',
      );
    },
    vendorCall({ requestId, vendor, operation, outcome, status }, milliseconds) {
      if (!logger.isLevelEnabled('debug')) return;
      logger.debug(
        { requestId, vendor, operation, outcome, status, ms: tenths(milliseconds) },
        'vendor call',
      );
    },
    defect({ requestId, route }, error) {
      const frames = error instanceof Error ? framesOf(error) : [];
      logger.error(
        {
          requestId,
          route,
          error: error instanceof Error ? error.name : typeof error,
          at: frames.slice(0, 8),
        },
        'defect',
      );
    },
    info(message, facts = {}) {
      logger.info(facts, message);
    },
    notice(message, facts = {}) {
      logger.warn(facts, message);
    },
  };
}

function tenths(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : Math.round(milliseconds * 10) / 10;
}

/** The lines below the message, which may have lines that look like frames. A message that was changed meanwhile hides all. */
function framesOf({ stack = '', message }: Error): string[] {
  const at = stack.indexOf(message);
  if (at === -1) return [];
  return stack
    .slice(at + message.length)
    .split('\n')
    .filter((line) => /^\s+at /.test(line));
}

import { setTimeout as wait } from 'node:timers/promises';
import type { Request, RequestHandler, Response } from 'express';
import { tapAnswer } from './answer';
import { type Fault, type Faults, type MalformedForm, parseFault } from './faults';

type FaultOf<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>;
type HookMoment = NonNullable<FaultOf<'hook'>['when']>;
type DelayMoment = NonNullable<FaultOf<'delay'>['when']>;

/** The faults of a request that is being handled; absent for the many that have none. */
const active = new WeakMap<Request, Fault[]>();

/** Runs the faults of every request around the routes behind it. Stands after the body parser. */
export function faultGate(faults: Faults): RequestHandler {
  return async (request, response, next) => {
    const header = request.get('x-sandbox-fault');
    const fromHeader = header === undefined ? undefined : parseFault(header);
    if (header !== undefined && !fromHeader) {
      response.status(400).json({ sandbox: 'the header x-sandbox-fault names no known fault' });
      return;
    }
    const applying = [...faults.take(request), ...(fromHeader ? [fromHeader] : [])];
    if (applying.length === 0) return next();

    active.set(request, applying);
    tapAnswer(response, (body, finish) => {
      void sendAnswer(applying, request, response, body, finish);
    });
    await pause(applying, request, 'before', 'request');
    if (hasDrop(applying, 'before')) return drop(applying, request);
    const instead = applying.find((fault) => fault.kind === 'answer' && !fault.commit);
    if (instead) return void response.end();
    next();
  };
}

/** The moment between a handler's checks and its write: where a rival's write can come in. */
export async function reachCommit(request: Request): Promise<void> {
  const applying = active.get(request);
  if (applying) await pause(applying, request, 'commit', 'commit');
}

/** Whether this request's write must not be stored, and which record its answer shows then. */
export function withoutEffect(request: Request): 'old' | 'new' | undefined {
  for (const fault of active.get(request) ?? []) {
    if (fault.kind === 'no-effect') return fault.echo ?? 'new';
    if (fault.kind === 'malformed' && fault.commit === false) return 'new';
  }
  return undefined;
}

async function pause(
  applying: Fault[],
  request: Request,
  delay: DelayMoment,
  hook: HookMoment,
): Promise<void> {
  for (const fault of applying) {
    // Unreferenced, so that a test that gave up waiting can end.
    if (fault.kind === 'delay' && (fault.when ?? 'before') === delay) {
      await wait(fault.milliseconds, undefined, { ref: false });
    }
    if (fault.kind === 'hook' && (fault.when ?? 'request') === hook) await fault.run(request);
  }
}

function hasDrop(applying: Fault[], when: 'before' | 'after' | 'during'): boolean {
  return applying.some((fault) => fault.kind === 'drop' && (fault.when ?? 'before') === when);
}

function drop(applying: Fault[], request: Request): void {
  const reset = applying.some((fault) => fault.kind === 'drop' && fault.reset);
  if (reset) request.socket.resetAndDestroy();
  else request.socket.destroy();
}

async function sendAnswer(
  applying: Fault[],
  request: Request,
  response: Response,
  body: Buffer,
  finish: (body: Buffer) => void,
): Promise<void> {
  try {
    await pause(applying, request, 'after', 'answer');
  } catch {
    // A hook of a test that throws is shown as a lost connection: the answer cannot be completed any more.
    return void request.socket.destroy();
  }
  if (hasDrop(applying, 'after')) return drop(applying, request);
  let sent = body;
  for (const fault of applying) sent = change(fault, response, sent);
  if (!hasDrop(applying, 'during')) return finish(sent);
  response.setHeader('content-length', sent.length);
  response.write(sent.subarray(0, Math.floor(sent.length / 2)), () => drop(applying, request));
}

function change(fault: Fault, response: Response, body: Buffer): Buffer {
  if (fault.kind === 'answer') return replaceAnswer(fault, response);
  if (fault.kind === 'malformed') return spoil(fault.form, fault.bytes ?? 5_000_000, response, body);
  if (fault.kind === 'wrong-id') return withWrongId(fault.id, response, body);
  return body;
}

function replaceAnswer(fault: FaultOf<'answer'>, response: Response): Buffer {
  const body = fault.body ?? { message: 'sandbox fault' };
  response.status(fault.status);
  response.removeHeader('etag');
  response.setHeader(
    'content-type',
    typeof body === 'string' ? 'text/html' : 'application/json; charset=utf-8',
  );
  for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value);
  const sent = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  response.setHeader('content-length', sent.length);
  return sent;
}

function spoil(form: MalformedForm, bytes: number, response: Response, body: Buffer): Buffer {
  response.removeHeader('etag');
  response.setHeader('content-length', 0);
  switch (form) {
    case 'truncated':
      return body.subarray(0, Math.floor(body.length / 2));
    case 'html':
      response.setHeader('content-type', 'text/html; charset=utf-8');
      return Buffer.from('<!DOCTYPE html>\n<html><body><h1>Down for maintenance</h1></body></html>\n');
    case 'empty':
      return Buffer.alloc(0);
    case 'array':
      return Buffer.concat([Buffer.from('['), body, Buffer.from(']')]);
    case 'text':
      return Buffer.from('"OK"');
    case 'bom':
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body]);
    case 'latin1':
      return Buffer.from(body.toString('utf8'), 'latin1');
    case 'huge':
      return Buffer.concat([Buffer.from(`{"padding":"${'x'.repeat(bytes)}",`), body.subarray(1)]);
  }
}

/** Where the vendors' answers name the record that was written. */
const ID_PATHS = [
  ['professional', 'id'],
  ['schedule', 'id'],
  ['data', 'id'],
  ['provider_id'],
  ['location_id'],
  ['id'],
] as const;

function withWrongId(id: string | number | undefined, response: Response, body: Buffer): Buffer {
  const answer = parsed(body);
  // Another fault has made something else of the answer, which has no id.
  if (!isRecord(answer)) return body;
  response.removeHeader('etag');
  for (const path of ID_PATHS) {
    const holder = path.length === 1 ? answer : answer[path[0]];
    const key = path[path.length - 1] ?? 'id';
    if (!isRecord(holder) || !(key in holder)) continue;
    const right = holder[key];
    holder[key] = id ?? (typeof right === 'number' ? right + 1 : `wrong_${String(right)}`);
    break;
  }
  return Buffer.from(JSON.stringify(answer));
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

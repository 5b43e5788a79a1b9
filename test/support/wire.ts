/** A connection that a test speaks byte by byte, with everything that comes back on it. */
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { answersIn, type RawAnswer } from '../../scripts/rawHttp';

export interface Wire {
  socket: Socket;
  write(bytes: string | Buffer): void;
  /** All that came so far. */
  received(): string;
  answers(): RawAnswer[];
  /** Resolves when what came so far passes, or the connection has ended. */
  until(passes: (received: string) => boolean): Promise<void>;
  /** Resolves when the connection has ended, with the code of its failure, if it was one. */
  ended: Promise<string | undefined>;
}

export async function openWire(url: string): Promise<Wire> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let bytes = Buffer.alloc(0);
  let failure: string | undefined;
  let notify: () => void = () => undefined;
  socket.on('data', (part) => {
    bytes = Buffer.concat([bytes, part]);
    notify();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code;
  });
  const ended = once(socket, 'close').then(() => {
    notify();
    return failure;
  });
  await once(socket, 'connect');
  const received = () => bytes.toString('latin1');
  return {
    socket,
    write: (text) => void socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text),
    received,
    answers: () => answersIn(bytes),
    until: async (passes) => {
      while (!socket.closed && !passes(received())) {
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
      }
    },
    ended,
  };
}

/** Holds back whoever waits for it until it is opened. */
export interface Gate {
  /** Resolves when somebody waits. */
  reached: Promise<void>;
  open(): void;
  wait(): Promise<void>;
}

export function createGate(): Gate {
  const events = new EventEmitter();
  const opened = once(events, 'open').then(() => undefined);
  const reached = once(events, 'reached').then(() => undefined);
  return {
    reached,
    open: () => void events.emit('open'),
    wait: () => {
      events.emit('reached');
      return opened;
    },
  };
}

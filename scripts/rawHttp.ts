/** HTTP/1.1 over a socket of our own: requests that no client would send, and answers as they come. */
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  text: string;
}

/** The whole answers at the start of the bytes. An interim answer (1xx) is none. */
export function answersIn(bytes: Buffer): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n\r\n', at);
    if (end === -1) return answers;
    const [start = '', ...lines] = bytes.subarray(at, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const status = Number(start.split(' ')[1]);
    const body = end + 4;
    at = body + Number(headers['content-length'] ?? 0);
    if (bytes.length < at) return answers;
    if (status >= 200) answers.push({ status, headers, text: bytes.subarray(body, at).toString('utf8') });
  }
}

const PATIENCE_MS = 10_000;

export interface RawRequest {
  bytes: Buffer;
  /** The framing itself is bent: the server may be left waiting for the rest. */
  bent: boolean;
}

/** One connection that is used again as long as the server keeps it. */
export class Line {
  readonly #url: URL;
  #socket: Socket | undefined;
  #received: Buffer = Buffer.alloc(0);
  #notify: () => void = () => undefined;

  constructor(url: string) {
    this.#url = new URL(url);
  }

  /** The answer; `closed` where the server ended the connection without one, `hang` where nothing came in time. */
  async ask({ bytes, bent: hasty }: RawRequest): Promise<RawAnswer | 'closed' | 'hang'> {
    const socket = this.#open();
    socket.write(bytes);
    const hurry = hasty ? setTimeout(() => socket.end(), 500) : undefined;
    const patience = setTimeout(() => this.close(), PATIENCE_MS);
    const started = performance.now();
    try {
      for (;;) {
        const [answer] = answersIn(this.#received);
        if (answer) {
          if (answer.headers.connection === 'close' || answersIn(this.#received).length > 1) this.close();
          this.#received = Buffer.alloc(0);
          return answer;
        }
        if (this.#socket !== socket) return performance.now() - started > PATIENCE_MS ? 'hang' : 'closed';
        await new Promise<void>((resolve) => {
          this.#notify = resolve;
        });
      }
    } finally {
      clearTimeout(hurry);
      clearTimeout(patience);
      // The server may still wait for the rest of a body that it did not need to answer.
      if (hasty || !socket.writable) this.close();
    }
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#received = Buffer.alloc(0);
    this.#notify();
  }

  #open(): Socket {
    if (this.#socket) return this.#socket;
    const socket = connect(Number(this.#url.port), this.#url.hostname);
    socket.on('data', (part) => {
      if (this.#socket !== socket) return;
      this.#received = Buffer.concat([this.#received, part]);
      this.#notify();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#notify();
    });
    this.#socket = socket;
    return socket;
  }
}

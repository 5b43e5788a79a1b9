/** What a long work on links says meanwhile, and how it counts. */
import type { Writable } from 'node:stream';

export interface Terminal {
  /** Results. */
  out: Writable;
  /** Progress and complaints. */
  err: Writable;
  /** Whether `err` is a terminal, on which a line can be rewritten. */
  isTerminal: boolean;
  /** Elsewhere a line of progress is written each time so many rows are done; default 100,000, of reads 1,000. */
  rowsPerProgressLine?: number;
}

export interface Progress {
  /** @param part of the whole that is done, 0 to 1, if it is known */
  show(rows: number, refused: number, part: number | undefined): void;
  /** Clears the line that is being rewritten, because another one is about to be written. */
  interrupt(): void;
  end(): void;
}

/**
 * On a terminal one line that is rewritten, ten times a second at most; elsewhere a line now and then.
 * @param things what is counted
 */
export function createProgress(
  { err, isTerminal, rowsPerProgressLine = 100_000 }: Terminal,
  things = 'rows',
): Progress {
  const start = performance.now();
  let shownAt = start;
  let shownRows = 0;
  let visible = false;
  const interrupt = () => {
    if (visible) err.write('\r\u001b[K');
    visible = false;
  };
  return {
    interrupt,
    end: interrupt,
    show(rows, refused, part) {
      const now = performance.now();
      const due = isTerminal ? now - shownAt >= 100 : rows - shownRows >= rowsPerProgressLine;
      if (!due) return;
      const percent = part === undefined ? '' : ` (${Math.floor(part * 100)} %)`;
      const rate = number(Math.round(rows / ((now - start) / 1_000)));
      const text = `${number(rows)} ${things}${percent}, ${number(refused)} refused, ${rate} ${things}/s`;
      err.write(isTerminal ? `\r\u001b[K${text}` : `${text}\n`);
      visible = isTerminal;
      shownAt = now;
      shownRows = rows;
    },
  };
}

export function number(value: number): string {
  return value.toLocaleString('en-US');
}

export function count(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? '' : 's'}`;
}

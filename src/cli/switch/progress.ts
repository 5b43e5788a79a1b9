/** What a long work says meanwhile: a bar on a terminal, elsewhere a line now and then. Both with the time that is left. */
import type { Writable } from 'node:stream';
import type { Step } from '../../switch/watch';
import { number } from '../links/progress';

export interface StepProgress {
  show(step: Step): void;
  /** Clears the line that is being rewritten. */
  end(): void;
}

/** Milliseconds between two lines: on a terminal, and elsewhere. */
const PAUSE_MS = { terminal: 100, lines: 10_000 } as const;
/** Before that an estimate says nothing. */
const FIRST_ESTIMATE_MS = 2_000;
const BAR = 20;

export function createStepProgress(
  { err, isTerminal }: { err: Writable; isTerminal: boolean },
  now: () => number = () => performance.now(),
): StepProgress {
  const pause = isTerminal ? PAUSE_MS.terminal : PAUSE_MS.lines;
  let name = '';
  let begun = now();
  let before = 0;
  let shownAt = now();
  let visible = false;
  const clear = () => {
    if (visible) err.write('\r\u001b[K');
    visible = false;
  };
  return {
    end: clear,
    show(step) {
      const at = now();
      // What is read a second time begins anew.
      if (step.name !== name || step.done < before) {
        name = step.name;
        begun = at;
      }
      before = step.done;
      if (at - shownAt < pause) return;
      shownAt = at;
      const text = lineOf(step, at - begun, isTerminal);
      err.write(isTerminal ? `\r\u001b[K${text}` : `${text}\n`);
      visible = isTerminal;
    },
  };
}

function lineOf({ name, done, total }: Step, elapsedMs: number, isTerminal: boolean): string {
  if (total === undefined || total === 0) return `${name}: ${number(done)}`;
  const part = Math.min(1, done / total);
  const filled = Math.round(part * BAR);
  const bar = isTerminal ? `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ` : '';
  const left = leftOf(part, elapsedMs);
  return `${bar}${name}: ${number(done)} of ${number(total)} (${Math.floor(part * 100)} %)${left}`;
}

/** By how fast this step has been so far; of the steps after it nobody knows yet. */
function leftOf(part: number, elapsedMs: number): string {
  if (part === 0 || elapsedMs < FIRST_ESTIMATE_MS) return '';
  const seconds = Math.round((elapsedMs * (1 - part)) / part / 1000);
  const text = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  return `, about ${text} left for this step`;
}

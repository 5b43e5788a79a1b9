/** Updates at a steady rate: each is sent at its time, whether or not earlier ones have been answered. */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from './traffic';

export interface SteadyTraffic {
  url: string;
  /** Taken in turn. */
  staff: readonly string[];
  perSecond: number;
  count: number;
}

/** @returns of each update how long its answer took, in milliseconds, and whether it was the right one */
export async function sendSteadily({
  url,
  staff,
  perSecond,
  count,
}: SteadyTraffic): Promise<{ ms: number; right: boolean }[]> {
  const agent = new Agent({ keepAlive: true });
  const started = performance.now();
  const sent: Promise<{ ms: number; right: boolean }>[] = [];
  for (let index = 0; index < count; index += 1) {
    await sleep(Math.max(0, started + (index * 1000) / perSecond - performance.now()));
    const role = `r-${Math.round(started)}-${index}`;
    const at = performance.now();
    const answer = call({ agent, url, staff: staff[index % staff.length] ?? '', role });
    sent.push(
      answer.then((given) => ({
        ms: performance.now() - at,
        right: given.status === 200 && given.role === role,
      })),
    );
  }
  const answers = await Promise.all(sent);
  agent.destroy();
  return answers;
}

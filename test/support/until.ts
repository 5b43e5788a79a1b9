import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until `isDone` holds for the answer, and gives that answer. The test's own time limit is the limit. */
export async function until<Answer>(
  ask: () => Promise<Answer>,
  isDone: (answer: Answer) => boolean,
): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (isDone(answer)) return answer;
    await sleep(20);
  }
}

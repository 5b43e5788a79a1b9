/**
 * `npm run attack`: what reviews have tried, against a gateway with a configuration of the kind that runs in production, its
 * vendors simulated, all on loopback. One line each; fails if any of them gets anywhere.
 */
import { ATTACKS } from '../test/hostile/attacks';
import { openField } from '../test/hostile/attacks/field';

/** No attack takes longer; one that does has found a way to keep something waiting. */
const LONGEST_MS = 60_000;

async function main(): Promise<void> {
  const field = await openField();
  let held = 0;
  for (const { name, run } of ATTACKS) {
    const wrong = await outcomeOf(() => run(field));
    if (wrong === undefined) held += 1;
    process.stdout.write(wrong === undefined ? `held    ${name}\n` : `FAILED  ${name}: ${wrong}\n`);
    field.stage.clinikapi.reset();
    field.stage.vitalis.reset();
  }
  process.stdout.write(`attacks: ${ATTACKS.length} tried, ${held} held\n`);
  process.exitCode = held === ATTACKS.length ? 0 : 1;
  await field.close();
}

/** What got through, if anything did. */
async function outcomeOf(run: () => Promise<void>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('it did not end'), LONGEST_MS);
  });
  try {
    return await Promise.race([run().then(() => undefined), late]);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}

void main();

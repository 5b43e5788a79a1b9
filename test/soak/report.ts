/** What the soak's commands have in common. */
const ENGINES = { sqlite: ['sqlite'], postgres: ['postgres'], both: ['sqlite', 'postgres'] } as const;

/** @throws Error for another name */
export function enginesOf(name: string): readonly ('sqlite' | 'postgres')[] {
  if (name === 'sqlite' || name === 'postgres' || name === 'both') return ENGINES[name];
  throw new Error('the engine is sqlite, postgres or both');
}

/** A line that the next one replaces, where that is possible. */
export function progress(line: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r${line}` : `${line}\n`);
}

/** A finding; one that is not right fails the command. */
export function report(line: string, right: boolean): void {
  process.stdout.write(`\n${line}\n`);
  if (!right) process.exitCode = 1;
}

/** Loaded before everything else: what follows needs modules that an older Node lacks, and would fail with their names. */

const OLDEST_NODE = 24;

/** @returns one sentence that says what to do; undefined if this version of Node will do */
export function nodeComplaint(version: string): string | undefined {
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return undefined;
  return `The gateway needs Node ${OLDEST_NODE} or newer and was started by Node ${version}: start it with "npm start", which uses the Node that "npm ci" installs, or install a newer one.`;
}

const complaint = nodeComplaint(process.versions.node);
if (complaint !== undefined) {
  process.stderr.write(`${complaint}\n`);
  process.exit(1);
}

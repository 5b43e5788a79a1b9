/**
 * Work whose result is shared by all who ask within a while, so that asking often costs no more than asking once.
 * @param milliseconds from the beginning of the work
 */
export function shared<T>(milliseconds: number, work: () => Promise<T>): () => Promise<T> {
  let last: { at: number; result: Promise<T> } | undefined;
  return () => {
    const now = performance.now();
    if (last === undefined || now - last.at >= milliseconds) last = { at: now, result: work() };
    return last.result;
  };
}

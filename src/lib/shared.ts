/**
 * The same work for all who ask while it is under way, and its result for as long after that; a rejection is shared as well.
 * @param milliseconds from when the work has ended
 */
export function shared<Result>(milliseconds: number, work: () => Promise<Result>): () => Promise<Result> {
  let last: Promise<Result> | undefined;
  let endedAt = Number.POSITIVE_INFINITY;
  return () => {
    if (last === undefined || performance.now() - endedAt >= milliseconds) {
      endedAt = Number.POSITIVE_INFINITY;
      last = work().finally(() => {
        endedAt = performance.now();
      });
    }
    return last;
  };
}

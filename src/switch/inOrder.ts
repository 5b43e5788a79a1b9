/** Hands results on in the order of their places, whenever each is given; one at a time. */
export function inOrder<Result>(take: (result: Result) => Promise<void>): {
  /** Resolves when all that could be handed on has been. */
  give(place: number, result: Result): Promise<void>;
} {
  const waiting = new Map<number, { result: Result }>();
  let next = 0;
  let handing: Promise<void> = Promise.resolve();
  const handOn = async () => {
    for (let found = waiting.get(next); found !== undefined; found = waiting.get(next)) {
      waiting.delete(next);
      next += 1;
      await take(found.result);
    }
  };
  return {
    give(place, result) {
      waiting.set(place, { result });
      handing = handing.then(handOn);
      return handing;
    },
  };
}

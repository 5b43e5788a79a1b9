/**
 * Works on each item, so many at the same time. The first failure ends it, once what is under way has ended.
 * @throws what `work` throws, and the reason of an aborted `signal`
 */
export async function atOnce<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  most: number,
  work: (item: Item) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const running = new Set<Promise<void>>();
  try {
    for await (const item of items) {
      signal?.throwIfAborted();
      const one = work(item).finally(() => running.delete(one));
      // It is awaited below; until then a failure is not unheard.
      one.catch(() => {});
      running.add(one);
      if (running.size >= most) await Promise.race(running);
    }
    await Promise.all(running);
  } finally {
    await Promise.allSettled(running);
  }
}

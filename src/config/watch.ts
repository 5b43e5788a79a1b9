import { readlink } from 'node:fs/promises';
import { join, parse, resolve, sep } from 'node:path';
import { watch } from 'chokidar';
import { isObject, member, sameJson } from '../lib/json';
import { type LoadOptions, loadConfig } from './load';
import { ConfigError } from './problem';
import type { LoadedConfig } from './read';
import { READ_AT_START } from './sections';
import { errorCode } from './substitute';
import type { GatewayConfig } from './types';

export interface WatchOptions extends LoadOptions {
  /** What is in use already, so that a change between loading and watching is not missed. */
  current?: GatewayConfig;
  /** Called, one call at a time, with each configuration that differs from the one before. */
  onChange(
    config: GatewayConfig,
    warnings: readonly string[],
    secrets: ReadonlySet<string>,
  ): void | Promise<void>;
  /** Called with everything that is wrong with a new file; what is in use stays in use. */
  onRejected(error: ConfigError): void;
  /** Milliseconds of quiet before a changed file is read: editors write in several steps. */
  debounceMs?: number;
}

export interface ConfigWatch {
  /** Reads the file now and hands it over even if it is unchanged (SIGHUP). Resolves when that is done. */
  reload(): Promise<void>;
  /** Stops watching. Resolves when a reload that is running has ended. */
  close(): Promise<void>;
}

/**
 * Follows the configuration file: edits in place, files renamed over it, and swapped links on the way to it, as Kubernetes
 * does with a mounted ConfigMap. Secret files (`${file:…}`) are read again with it but not followed: send SIGHUP for those.
 */
export async function watchConfig(path: string, options: WatchOptions): Promise<ConfigWatch> {
  const check = createCheck(path, options);
  const points = new WatchPoints(path);
  await points.refresh();

  // Directories are watched, not the file: a watch on a file stays with the old one when another takes its name.
  const watcher = watch(points.directories(), {
    depth: 0,
    ignoreInitial: true,
    ignored: (candidate) => !points.has(candidate),
  });

  let queue: Promise<void> = Promise.resolve();
  const enqueue = (forced: boolean): Promise<void> => {
    const run = queue.then(async () => {
      // First the names, then the text: whatever changes after it was read is then among the names.
      const { added, removed } = await points.refresh();
      if (!watcher.closed) watcher.add(added).unwatch(removed);
      await check(forced);
      // chokidar does not tell when it has begun to watch a further directory.
      if (added.length > 0) schedule();
    });
    // A callback that throws is its owner's problem, and not the end of all further reloads.
    queue = run.catch(() => undefined);
    return run;
  };

  let timer: NodeJS.Timeout | undefined;
  const schedule = (): void => {
    clearTimeout(timer);
    if (!watcher.closed) timer = setTimeout(() => enqueue(false), options.debounceMs ?? 200);
  };

  // The raw events, because chokidar's own ones are held back for a second per directory and miss a swapped link.
  watcher.on('raw', (_event, name, details) => {
    if (points.concerns(member(details, 'watchedPath'), name)) schedule();
  });
  watcher.on('error', (error) => options.onRejected(failure(`${path}: cannot be watched`, error)));
  await new Promise<void>((ready) => watcher.once('ready', ready));
  await enqueue(false);

  return {
    reload: () => enqueue(true),
    close: async () => {
      await watcher.close();
      clearTimeout(timer);
      await queue;
    },
  };
}

/**
 * The keys that differ and that a running gateway cannot change (`server.port`): they take effect at the next start.
 */
export function restartNeeded(before: GatewayConfig, after: GatewayConfig): string[] {
  return READ_AT_START.flatMap((section) => {
    const old = member(before, section);
    const current = member(after, section);
    const keys = new Set([old, current].flatMap((value) => (isObject(value) ? Object.keys(value) : [])));
    return [...keys]
      .filter((key) => !sameJson(member(old, key), member(current, key)))
      .map((key) => `${section}.${key}`);
  });
}

type Outcome = { loaded: LoadedConfig } | { error: ConfigError };

/** Loads the file and tells what became of it, once: the same outcome again is silent unless `forced`. */
function createCheck(path: string, options: WatchOptions): (forced: boolean) => Promise<void> {
  let last: unknown = options.current;
  return async (forced) => {
    const outcome = await load(path, options);
    const found = 'loaded' in outcome ? outcome.loaded.config : outcome.error.problems;
    if (!forced && sameJson(last, found)) return;
    // Without `current`, the good configuration that is found first is the one the caller has loaded.
    const silent = last === undefined && !forced && 'loaded' in outcome;
    last = found;
    // Null equals no outcome, so the next event tries again what could not be put to use.
    if (!silent && !(await tell(outcome, path, options))) last = null;
  };
}

async function load(path: string, options: LoadOptions): Promise<Outcome> {
  try {
    return { loaded: await loadConfig(path, options) };
  } catch (error) {
    return { error: error instanceof ConfigError ? error : failure(`${path}: cannot be read`, error) };
  }
}

/** False when the new configuration could not be put to use. */
async function tell(
  outcome: Outcome,
  path: string,
  { onChange, onRejected }: WatchOptions,
): Promise<boolean> {
  if ('error' in outcome) {
    onRejected(outcome.error);
    return true;
  }
  const { config, warnings, secrets } = outcome.loaded;
  try {
    await onChange(config, warnings, secrets);
    return true;
  } catch (error) {
    onRejected(failure(`${path}: could not be put to use`, error));
    return false;
  }
}

/** The cause goes along for debugging; its text does not enter the message, because it may hold anything. */
function failure(message: string, cause: unknown): ConfigError {
  return new ConfigError([{ path: '', message: `${message} (${errorCode(cause)})` }], { cause });
}

/**
 * Every name that decides what is read: the file's own, and those of all links on the way to it. In a mounted ConfigMap
 * `gateway.yaml` leads to `..data/gateway.yaml`, and `..data` is the link that is swapped.
 */
class WatchPoints {
  readonly #path: string;
  #names: ReadonlyMap<string, ReadonlySet<string>> = new Map();

  constructor(path: string) {
    this.#path = resolve(path);
  }

  directories(): string[] {
    return [...this.#names.keys()];
  }

  has(directory: string): boolean {
    return this.#names.has(resolve(directory));
  }

  /** A platform that does not say which name changed may mean any. */
  concerns(directory: unknown, name: unknown): boolean {
    const names = typeof directory === 'string' ? this.#names.get(resolve(directory)) : undefined;
    return typeof name !== 'string' || names === undefined || names.has(name);
  }

  /** Follows the links anew; tells which directories came and went. */
  async refresh(): Promise<{ added: string[]; removed: string[] }> {
    const before = this.#names;
    this.#names = await namesOnTheWay(this.#path);
    return {
      added: this.directories().filter((directory) => !before.has(directory)),
      removed: [...before.keys()].filter((directory) => !this.#names.has(directory)),
    };
  }
}

/** As many as Linux follows. */
const MAX_LINKS = 40;

async function namesOnTheWay(path: string): Promise<Map<string, Set<string>>> {
  const names = new Map<string, Set<string>>();
  let { root: at } = parse(path);
  let steps = stepsOf(path);
  let links = 0;
  for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
    const target = links < MAX_LINKS ? await linkTarget(join(at, step)) : undefined;
    if (target !== undefined || steps.length === 0) names.set(at, (names.get(at) ?? new Set()).add(step));
    if (target === undefined) {
      at = join(at, step);
    } else {
      links += 1;
      const full = resolve(at, target);
      at = parse(full).root;
      steps = [...stepsOf(full), ...steps];
    }
  }
  return names;
}

function stepsOf(path: string): string[] {
  return path
    .slice(parse(path).root.length)
    .split(sep)
    .filter((step) => step !== '');
}

/** Undefined for what is no link, and for what is not there (yet). */
async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch {
    return undefined;
  }
}

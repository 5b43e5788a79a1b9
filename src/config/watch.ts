/** Follows the configuration file and the files that it names, and hands over what is new in them. */
import { type Stats, unwatchFile, watchFile } from 'node:fs';
import { resolve } from 'node:path';
import { isObject, member, sameJson } from '../lib/json';
import { type LoadOptions, loadConfig } from './load';
import { ConfigError } from './problem';
import type { LoadedConfig } from './read';
import { READ_AT_START } from './sections';
import { errorCode } from './substitute';
import type { GatewayConfig } from './types';

/** What `onChange` hears when it is not the first to see a configuration. */
export type LoadedPart = Pick<LoadedConfig, 'config' | 'warnings'>;

export interface WatchOptions extends LoadOptions {
  /** What is in use already, so that a change between loading and watching is not missed. */
  current: GatewayConfig;
  /** Further files whose change is a reason to look (certificates). */
  files?: readonly string[];
  /** Called at each look, before the configuration is read. What it does is independent of what the file says. */
  onLook?(): void;
  /** Called, one call at a time, with each configuration that differs from the one before, and with the same one if asked. */
  onChange(loaded: LoadedPart): void | Promise<void>;
  /** Called with everything that is wrong with a new file; what is in use stays in use. */
  onRejected(error: ConfigError): void;
  /** Milliseconds between two looks at the files' state on disk. */
  pollMs?: number;
  /** Milliseconds of quiet before a changed file is read: editors write in several steps. */
  quietMs?: number;
}

export interface ConfigWatch {
  /** Reads the file now and hands it over even if it is unchanged (SIGHUP). Resolves when that is done. */
  reload(): Promise<void>;
  /** Stops watching. Resolves when a reload that is running has ended. */
  close(): Promise<void>;
}

const POLL_MS = 1_000;
const QUIET_MS = 200;

/**
 * Follows the configuration file and its secret files (`${file:…}`) by their names: edits in place, files renamed over them,
 * folders that are replaced, swapped links (a mounted ConfigMap), and file systems that report no events (bind mounts,
 * network drives) are all seen, because each look follows the name anew.
 */
export async function watchConfig(path: string, options: WatchOptions): Promise<ConfigWatch> {
  const check = createCheck(path, options);
  let queue: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const files = new WatchedFiles(options.pollMs ?? POLL_MS, () => {
    clearTimeout(timer);
    timer = setTimeout(() => void enqueue(false), options.quietMs ?? QUIET_MS);
  });

  const enqueue = (forced: boolean): Promise<void> => {
    const run = queue.then(async () => {
      const named = await check(forced);
      // What was not followed yet may have changed after it was read.
      if (files.follow([path, ...(options.files ?? []), ...named])) await check(false);
    });
    // A callback that throws is its owner's problem, and not the end of all further reloads.
    queue = run.catch(() => undefined);
    return run;
  };

  files.follow([path, ...(options.files ?? [])]);
  await enqueue(false);
  return {
    reload: () => enqueue(true),
    close: async () => {
      files.close();
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

/** Files whose state on disk is looked at now and again. */
class WatchedFiles {
  readonly #followed = new Set<string>();
  readonly #interval: number;
  readonly #changed: (now: Stats, before: Stats) => void;
  #closed = false;

  /** @param changed called when one of them looks different, came or went */
  constructor(interval: number, changed: () => void) {
    this.#interval = interval;
    this.#changed = () => changed();
  }

  /** Follows these and no others. @returns whether any of them was not followed before */
  follow(paths: readonly string[]): boolean {
    if (this.#closed) return false;
    const wanted = new Set(paths.map((path) => resolve(path)));
    for (const path of this.#followed) if (!wanted.has(path)) this.#leave(path);
    const added = [...wanted].filter((path) => !this.#followed.has(path));
    for (const path of added) {
      this.#followed.add(path);
      watchFile(path, { interval: this.#interval, persistent: false }, this.#changed);
    }
    return added.length > 0;
  }

  close(): void {
    this.#closed = true;
    for (const path of this.#followed) this.#leave(path);
  }

  #leave(path: string): void {
    this.#followed.delete(path);
    unwatchFile(path, this.#changed);
  }
}

type Outcome = { loaded: LoadedConfig } | { error: ConfigError };

/**
 * Loads the file and tells what became of it, once: the same outcome again is silent unless `forced`.
 * @returns a function that gives the secret files that the configuration names
 */
function createCheck(path: string, options: WatchOptions): (forced: boolean) => Promise<readonly string[]> {
  let last: unknown = options.current;
  let named: readonly string[] = [];
  return async (forced) => {
    options.onLook?.();
    const { outcome, secretFiles } = await load(path, options);
    // A file that cannot be read to its end does not tell which ones it names.
    named = 'loaded' in outcome ? secretFiles : [...new Set([...named, ...secretFiles])];
    const found = 'loaded' in outcome ? outcome.loaded.config : outcome.error.problems;
    if (!forced && sameJson(last, found)) return named;
    last = found;
    // Null equals no outcome, so the next look tries again what could not be put to use.
    if (!(await tell(outcome, path, options))) last = null;
    return named;
  };
}

async function load(
  path: string,
  { adapters, env }: LoadOptions,
): Promise<{ outcome: Outcome; secretFiles: readonly string[] }> {
  const secretFiles: string[] = [];
  const onFile = (file: string) => void secretFiles.push(file);
  try {
    return { outcome: { loaded: await loadConfig(path, { adapters, env, onFile }) }, secretFiles };
  } catch (error) {
    const problem = error instanceof ConfigError ? error : failure(`${path}: cannot be read`, error);
    return { outcome: { error: problem }, secretFiles };
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
  try {
    await onChange(outcome.loaded);
    return true;
  } catch (error) {
    // That what is running does not admit it stays so until the file changes or somebody asks again.
    const isRefused = error instanceof ConfigError;
    onRejected(isRefused ? error : failure(`${path}: could not be put to use`, error));
    return isRefused;
  }
}

/** The cause goes along for debugging; its text does not enter the message, because it may hold anything. */
function failure(message: string, cause: unknown): ConfigError {
  return new ConfigError([{ path: '', message: `${message} (${errorCode(cause)})` }], { cause });
}

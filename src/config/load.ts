import { readFile as readFileBytes, stat } from 'node:fs/promises';
import { ConfigError } from './problem';
import { type LoadedConfig, readConfig } from './read';
import {
  type AuditedStore,
  type LinkPlaces,
  type OpsConfig,
  readAuditedStore,
  readLinkPlaces,
  readOps,
  readStore,
  type StoreConfig,
} from './readPart';

import { type Environment, errorCode } from './substitute';
import type { ConfigurableAdapter } from './types';
import { plain } from './yaml';

export interface LoadOptions {
  adapters: readonly ConfigurableAdapter[];
  env: Environment;
  /** Hears of each secret file (`${file:…}`) that is about to be read. */
  onFile?(path: string): void;
}

const MAX_BYTES = 1024 * 1024;

/**
 * Reads and checks the configuration file.
 * @throws ConfigError with every problem and its path, or with one line when the file itself cannot be used
 */
export async function loadConfig(
  path: string,
  { adapters, env, onFile }: LoadOptions,
): Promise<LoadedConfig> {
  const readFile = (file: string) => {
    onFile?.(file);
    return readSecretFile(file);
  };
  return readConfig(await readText(path), { adapters, env, readFile });
}

/** Reads where the store is, and nothing else of the file. @throws ConfigError */
export async function loadStore(path: string, { env }: Pick<LoadOptions, 'env'>): Promise<StoreConfig> {
  return readStore(await readText(path), { env, readFile: readSecretFile });
}

/** Reads where metrics and health are served, and nothing else of the file. @throws ConfigError */
export async function loadOps(path: string, { env }: Pick<LoadOptions, 'env'>): Promise<OpsConfig> {
  // With both in the environment the file says nothing about it, and may be one that a running gateway has refused.
  const isGiven = [env.OPS_HOST, env.OPS_PORT].every((text) => (text ?? '') !== '');
  return readOps(isGiven ? '{}' : await readText(path), { env, readFile: readSecretFile });
}

/** Reads where the store is, and what its audit is kept by. @throws ConfigError */
export async function loadAuditedStore(
  path: string,
  { env }: Pick<LoadOptions, 'env'>,
): Promise<AuditedStore> {
  return readAuditedStore(await readText(path), { env, readFile: readSecretFile });
}

/** Reads what links are made of, without the vendors' credentials. @throws ConfigError */
export async function loadLinkPlaces(path: string, { adapters, env }: LoadOptions): Promise<LinkPlaces> {
  return readLinkPlaces(await readText(path), { adapters, env, readFile: readSecretFile });
}

async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  if (bytes.length > MAX_BYTES) throw plain(`${path}: the file is larger than 1 MB`);
  const text = utf8(bytes);
  if (text === undefined) throw plain(`${path}: the file is not UTF-8 text`);
  if (text.trim() === '') throw plain(`${path}: the file is empty`);
  return text;
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw plain(`${path}: the file is larger than 1 MB`);
    return await readFileBytes(path);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const code = errorCode(error);
    throw plain(`${path}: ${REASONS[code] ?? `cannot be read (${code})`}`);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'the file does not exist',
  ENOTDIR: 'the file does not exist',
  EISDIR: 'is a directory, not a file',
  EACCES: 'the file may not be read by this user',
  EPERM: 'the file may not be read by this user',
  ELOOP: 'is a link that leads to itself',
};

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

async function readSecretFile(path: string): Promise<string> {
  return readFileBytes(path, 'utf8');
}

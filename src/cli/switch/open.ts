/** What commands about moving a clinic are given: its connections and its store, opened, and closed in the end. */
import { loadConfig, loadLinkPlaces } from '../../config/load';
import { ConfigError } from '../../config/problem';
import type { GatewayConfig } from '../../config/types';
import type { VendorConnection } from '../../connection/connection';
import { Runtime } from '../../runtime/runtime';
import { createCeilings } from '../../store/ceilings';
import { type Database, openDatabase } from '../../store/database';
import { findPlace } from '../../store/whereabouts';
import type { MovingClinic } from '../../switch/people';
import type { CommandContext } from '../command';
import { printable } from '../printable';
import { failureText, messageOf } from '../problems';
import { missingFile, noDatabase } from '../storeFile';

export interface Opened {
  config: GatewayConfig;
  clinic: MovingClinic;
  /** The connection that was asked for. */
  connection: VendorConnection;
  database: Database;
  runtime: Runtime;
}

export interface Asked {
  clinic: string;
  /** Default: the one that the clinic uses. */
  connection?: string | undefined;
  /** What cannot be done if something is missing: `check the links`. */
  task: string;
  /** Whether `connection` has to be another one than the clinic's. */
  other?: boolean;
}

/**
 * Opens what was asked for, lets `work` use it, and closes it.
 * @returns what `work` returns; 1, with the reason on `err`, if it cannot be opened or the work fails
 */
export async function withOpened(
  context: CommandContext,
  asked: Asked,
  work: (opened: Opened) => Promise<number>,
): Promise<number> {
  context.spareMemory?.();
  const named = await configFor(context, asked);
  if (named === undefined) return 1;
  const { config, here } = named;
  const { err } = context;
  const absent = missingFile(config.store.url);
  if (absent !== undefined) {
    err.write(`Cannot ${asked.task}: ${noDatabase(absent)}\n`);
    return 1;
  }
  let database: Database | undefined;
  let runtime: Runtime | undefined;
  try {
    database = await openDatabase(config.store.url, { limits: 'long' });
    runtime = new Runtime(config, context.adapters, { ceilings: createCeilings(database) });
    const { clinics, connections } = runtime.current;
    const clinic = clinics.get(asked.clinic);
    const used = connections.get(here);
    const connection = connections.get(asked.connection ?? here);
    if (clinic === undefined || used === undefined || connection === undefined) {
      throw new TypeError('it was configured');
    }
    const moving = { name: clinic.name, here: used, identity: clinic.identity };
    return await work({ config, clinic: moving, connection, database, runtime });
  } catch (error) {
    err.write(`Cannot ${asked.task}: ${messageOf(error)}\n`);
    return 1;
  } finally {
    await runtime?.close();
    await database?.close();
  }
}

/** The names are judged first: for a wrong one nobody has to set credentials. */
async function configFor(
  context: CommandContext,
  asked: Asked,
): Promise<{ config: GatewayConfig; here: string } | undefined> {
  const { err } = context;
  const { clinics, vendors, store } = await loadLinkPlaces(context.configPath(), context);
  const used = clinics[asked.clinic]?.vendor;
  if (used === undefined) {
    err.write(`The clinic "${printable(asked.clinic)}" is not configured.\n`);
    return undefined;
  }
  const connection = asked.connection ?? used;
  if (!Object.hasOwn(vendors, connection)) {
    err.write(`The connection "${printable(connection)}" is not configured.\n`);
    return undefined;
  }
  const here = asked.other && connection === used ? await placeOf(store.url, asked.clinic) : used;
  if (asked.other && (here === undefined || here === connection || !Object.hasOwn(vendors, here))) {
    err.write(`${asked.clinic} uses ${connection} already: name the connection that it may move to.\n`);
    return undefined;
  }
  try {
    return { config: (await loadConfig(context.configPath(), context)).config, here: here ?? used };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    err.write(failureText(error, context.configPath()));
    err.write('The records are read at the vendors, which needs their credentials. Set them.\n');
    return undefined;
  }
}

/** Where the clinic is as the store says: a file that names the other connection already may be one that the guard has refused. */
async function placeOf(url: string, clinic: string): Promise<string | undefined> {
  if (missingFile(url) !== undefined) return undefined;
  let database: Database | undefined;
  try {
    database = await openDatabase(url);
    return (await findPlace(database, clinic))?.vendor;
  } catch {
    // Whatever is asked next of the store says why.
    return undefined;
  } finally {
    await database?.close();
  }
}

/** Said once to whoever moves a clinic whose staff ids are its vendor's own. */
export function directRemark({ name, here, identity }: MovingClinic): string {
  return identity === 'direct'
    ? `${name} has identity: direct, so its staff are all records of ${here.name}, by their own ids. Another vendor has other ids: ` +
        `make links for it with these very staff ids, and set identity: linked together with the new vendor.\n`
    : '';
}

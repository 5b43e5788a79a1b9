import { loadConfig } from '../../config/load';
import { ConfigError } from '../../config/problem';
import type { CommandContext } from '../command';
import { failureText } from '../problems';
import { createRecordReader, type RecordReader } from './records';

/**
 * What reads records at the configured vendors; undefined, and the reason on `err`, if the configuration lacks something
 * for it, credentials mostly.
 * @param otherwise what else can be done, if anything
 */
export async function openReader(
  context: CommandContext,
  otherwise?: string,
): Promise<RecordReader | undefined> {
  try {
    const { config } = await loadConfig(context.configPath(), context);
    return createRecordReader(config.vendors, context.adapters);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const hint = otherwise === undefined ? '' : `, or ${otherwise}`;
    context.err.write(failureText(error, context.configPath()));
    context.err.write(
      `The records of the links are read at the vendors, which needs their credentials. Set them${hint}.\n`,
    );
    return undefined;
  }
}

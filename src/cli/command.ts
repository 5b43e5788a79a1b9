/** What every command is given, and what all of them do alike. */
import type { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';
import type { AdapterModule } from '../adapter/contract';
import type { Environment } from '../config/substitute';

export interface CommandContext {
  readonly adapters: readonly AdapterModule[];
  readonly env: Environment;
  /** Results, and nothing else: with `--json` one document. */
  readonly out: Writable;
  /** Progress, remarks and complaints. */
  readonly err: Writable;
  /** Whether `err` is a terminal, on which a line can be rewritten. */
  readonly isTerminal: boolean;
  readonly input: Readable;
  /** The configuration file that `--config` or `GATEWAY_CONFIG` names. */
  configPath(): string;
  /** Sets the exit code of the process, which ends when nothing is left to do. */
  exit(code: number): void;
  /** From here on this process rather takes longer than much memory. */
  spareMemory?(): void;
}

/** Declares a command: its name, options, help and exit codes, and what it runs. */
export type AddCommand = (program: Command, context: CommandContext) => void;

/** Adds to the help what the exit codes of a command mean. They mean the same everywhere: well, could not, findings. */
export function exitCodes(command: Command, well: string, couldNot: string, findings?: string): void {
  const codes = [`0 ${well}`, `1 ${couldNot}`, ...(findings === undefined ? [] : [`2 ${findings}`])];
  command.addHelpText('after', `\nExit codes: ${codes.join(', ')}.`);
}

/** The option of commands that print tables. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print one JSON document');
}

export function writeJson(out: Writable, document: unknown): void {
  out.write(`${JSON.stringify(document, null, 2)}\n`);
}

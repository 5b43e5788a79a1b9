/** `new-key`: an API key for a caller. */
import { createHash, randomBytes } from 'node:crypto';
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { type CommandContext, exitCodes, withJson, writeJson } from './command';

export function newKeyCommand(program: Command, { out, exit }: CommandContext): void {
  const command = withJson(program.command('new-key'))
    .description('make an API key: prints it once, with its hash and the line for the configuration')
    .argument('[name]', 'the name of the caller, for the line to paste')
    .action((name: string | undefined, { json }: { json?: boolean }) => {
      exit(newKey({ out, json: json === true, ...(name !== undefined && { name }) }));
    });
  exitCodes(command, 'the key is printed', 'it cannot be made');
}

export interface NewKeyOptions {
  /** The caller's name for the line to paste; a placeholder if absent. */
  name?: string;
  out: Writable;
  /** A document with the key and its hash, instead of the explanation. */
  json?: boolean;
}

/**
 * Makes an API key of 256 random bits and prints it once, with its hash and the line for the configuration. Nothing is
 * stored. Returns the exit code, 0.
 */
export function newKey({ name, out, json = false }: NewKeyOptions): number {
  // The prefix lets scanners for leaked secrets find it.
  const key = `pdg_${randomBytes(32).toString('base64url')}`;
  const hash = createHash('sha256').update(key).digest('hex');
  if (json) {
    writeJson(out, { ...(name !== undefined && { name }), key, keySha256: hash });
    return 0;
  }
  const caller = name === undefined ? '<name>' : JSON.stringify(name);
  out.write(`key:       ${key}
keySha256: ${hash}

Give the key to the app; it is not shown again and stored nowhere. In the configuration, a new caller:

  - { name: ${caller}, keySha256: ${hash}, clinic: <clinic>, scopes: [staff:read, staff:write] }

or a second key of a caller that has one, until the old one is no longer used:

    keySha256: [<old hash>, ${hash}]
`);
  return 0;
}

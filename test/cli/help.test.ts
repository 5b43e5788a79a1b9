/** What every command says of itself. */
import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import { backupCommand } from '../../src/cli/backup';
import { checkConfigCommand } from '../../src/cli/checkConfig';
import type { CommandContext } from '../../src/cli/command';
import { deliveriesCommand } from '../../src/cli/deliveries';
import { doctorCommand } from '../../src/cli/doctor';
import { healthcheckCommand } from '../../src/cli/healthcheck';
import { linksCommand } from '../../src/cli/links';
import { newKeyCommand } from '../../src/cli/newKey';
import { restoreCommand } from '../../src/cli/restore';
import { serveCommand } from '../../src/cli/serve';
import { staffCommand } from '../../src/cli/staff';
import { verifyAuditCommand } from '../../src/cli/verifyAudit';

const context: CommandContext = {
  adapters: [],
  env: {},
  out: new PassThrough(),
  err: new PassThrough(),
  isTerminal: false,
  input: new PassThrough(),
  configPath: () => '',
  exit: () => {},
};

const ADD = [
  serveCommand(async () => Promise.reject(new Error('not started here'))),
  checkConfigCommand,
  doctorCommand,
  healthcheckCommand,
  newKeyCommand,
  linksCommand,
  deliveriesCommand,
  staffCommand,
  verifyAuditCommand,
  backupCommand,
  restoreCommand,
];

/** Commands that run something, with the help that they print. */
function leaves(command: Command): { name: string; help: string }[] {
  if (command.commands.length > 0) return command.commands.flatMap(leaves);
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  return [{ name: command.name(), help: help.replaceAll(/\s+/g, ' ') }];
}

const program = new Command('program');
for (const add of ADD) add(program, context);

test.each(leaves(program))('$name tells what it does and its exit codes', ({ help }) => {
  expect(help).toMatch(/Exit codes: 0 [^,]+, 1 .+\. $/);
  expect(help.length).toBeGreaterThan(100);
});

test.each(['check-config', 'doctor', 'new-key', 'verify-audit', 'list', 'import', 'remove', 'check'])(
  '%s can print a document',
  (name) => {
    expect(leaves(program).find((command) => command.name === name)?.help).toContain('--json');
  },
);

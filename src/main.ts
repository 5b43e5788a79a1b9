#!/usr/bin/env node
/** The command line, one line a command. The only place that reads the environment and knows which adapters there are. */
import './lib/checkNode';
import { setFlagsFromString } from 'node:v8';
import { adapters } from '../adapters';
import { backupCommand } from './cli/backup';
import { checkConfigCommand } from './cli/checkConfig';
import { deliveriesCommand } from './cli/deliveries';
import { doctorCommand } from './cli/doctor';
import { healthcheckCommand } from './cli/healthcheck';
import { linksCommand } from './cli/links';
import { newKeyCommand } from './cli/newKey';
import { runProgram } from './cli/program';
import { restoreCommand } from './cli/restore';
import { serveCommand } from './cli/serve';
import { staffCommand } from './cli/staff';
import { switchCommand } from './cli/switch';
import { verifyAuditCommand } from './cli/verifyAudit';
import { member } from './lib/json';
import { serve } from './serve';

// Whoever reads the output, such as `head`, may go before its end. What was begun, such as a copy, is finished all the same.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (member(error, 'code') !== 'EPIPE') throw error;
  });
}

const commands = [
  serveCommand(serve),
  checkConfigCommand,
  doctorCommand,
  healthcheckCommand,
  newKeyCommand,
  linksCommand,
  deliveriesCommand,
  staffCommand,
  switchCommand,
  verifyAuditCommand,
  backupCommand,
  restoreCommand,
];

void runProgram(
  commands,
  {
    adapters,
    env: process.env,
    out: process.stdout,
    err: process.stderr,
    isTerminal: process.stderr.isTTY === true,
    input: process.stdin,
    // V8 would let the heap of a short run grow to a multiple of what is held before it looks for garbage.
    spareMemory: () => {
      setFlagsFromString('--heap-growing-percent=30');
      setFlagsFromString('--semi-space-growth-factor=1');
    },
    exit: (code) => {
      process.exitCode = code;
    },
  },
  process.argv.slice(2),
);

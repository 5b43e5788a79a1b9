/** `healthcheck`: is the gateway that runs here alive? For containers, whose image may hold no other program that could ask. */
import { get, type IncomingMessage } from 'node:http';
import { get as getSecurely } from 'node:https';
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { loadOps } from '../config/load';
import type { OpsConfig } from '../config/readPart';
import { type CommandContext, exitCodes } from './command';

export function healthcheckCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('healthcheck')
    .description('ask the gateway that runs on this machine whether it is alive, on its ops port')
    .action(async () => {
      const ops = await loadOps(context.configPath(), context);
      context.exit(await healthcheck({ ...context, ops }));
    });
  exitCodes(command, 'it is alive', 'it is not, or cannot be asked');
}

interface HealthcheckOptions {
  ops: OpsConfig;
  err: Writable;
}

/** Shorter than any platform waits for the command. */
const PATIENCE_MS = 2_000;

/** What an address to listen on is called from the same machine. */
const OWN: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Asks the ops port, which speaks plain HTTP or, with `ops.tls`, HTTPS, whatever `server.tls` says. @returns the exit code: 0 alive, 1 not */
async function healthcheck({ ops, err }: HealthcheckOptions): Promise<number> {
  const host = OWN[ops.host] ?? ops.host;
  // Which of the two it speaks the file says, which may be one that a running gateway has refused.
  const status = (await statusOf(host, ops.port, false)) ?? (await statusOf(host, ops.port, true));
  if (status === 200) return 0;
  const reason = status === undefined ? 'does not answer' : `answers with status ${status}`;
  err.write(`/healthz on ${host}, port ${ops.port} (ops.host, ops.port) ${reason}\n`);
  return 1;
}

function statusOf(host: string, port: number, tls: boolean): Promise<number | undefined> {
  return new Promise((resolve) => {
    // No agent: that of the process may go through a proxy.
    const options = { host, port, path: '/healthz', agent: false, signal: AbortSignal.timeout(PATIENCE_MS) };
    const take = (answer: IncomingMessage) => {
      answer.resume();
      resolve(answer.statusCode);
    };
    // Its own certificate names the host that others know, which is not how it is called from here; nothing secret is asked.
    const asked = tls ? getSecurely({ ...options, rejectUnauthorized: false }, take) : get(options, take);
    asked.on('error', () => resolve(undefined));
  });
}

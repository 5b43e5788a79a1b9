/** What a command says when it cannot do its work: the reason, and what to do about it. */
import { ConfigError, type ConfigProblem, problemLine } from '../config/problem';
import { member } from '../lib/json';

/** @param path the configuration file in use */
export function failureText(error: unknown, path: string): string {
  if (error instanceof ConfigError) return problemText(path, error.problems);
  const reason = error instanceof Error ? error.message : 'failed';
  const hint = HINTS[String(member(error, 'syscall'))];
  return hint === undefined ? `${reason}\n` : `${reason}\n${hint}\n`;
}

/** By the call of the system that failed. No command connects to anything but the store before it reports by itself. */
const HINTS: Readonly<Record<string, string>> = {
  listen: 'Choose another server.host, server.port or ops.port, or end the program that listens there.',
  connect: 'Check store.url (or STORE_URL), and that the database server runs.',
  mkdir: 'Check store.url (or STORE_URL): the folder of the file must exist or be one that can be made.',
};

/** What is wrong with a configuration, a line each, and what to do about it. */
export function problemText(path: string, problems: readonly ConfigProblem[]): string {
  return [...problems.map(problemLine), advice(path, problems)].map((line) => `${line}\n`).join('');
}

/** A problem with the file as a whole names it itself, so it begins with the file's name. */
function advice(path: string, problems: readonly ConfigProblem[]): string {
  const unread = problems.some((problem) => problem.path === '' && problem.message.startsWith(`${path}: `));
  if (unread)
    return 'Name the file with --config or GATEWAY_CONFIG; config/gateway.example.yaml is one to start from.';
  const many = problems.length === 1 ? 'this' : `these ${problems.length} problems`;
  return `Correct ${many} in ${path} or in the environment, then run check-config.`;
}

/** Of anything that was thrown: what it says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

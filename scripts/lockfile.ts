/** What a lock file has to say about every package, whether or not it carries registry addresses. Pure. */
import { isObject, member } from '../src/lib/json';

/** The project's own, and that of the tool that is installed on its first use. */
export const LOCK_FILES = ['package-lock.json', 'mutation/package-lock.json'];

/** What `lockfile-lint` checks of a lock file besides: that packages with an address have that of npm's registry. */
export const LINT_OPTIONS = [
  ...['--type', 'npm', '--allowed-hosts', 'npm'],
  ...['--validate-https', '--validate-integrity'],
];

/** Everything that makes an install depend on more than the registry's checked contents. */
export function lockComplaints(lock: unknown): string[] {
  const version = member(lock, 'lockfileVersion');
  const packages = member(lock, 'packages');
  if (version !== 3 || !isObject(packages)) return ['a lock file of version 3 is expected'];
  return Object.entries(packages).flatMap(([path, entry]) =>
    path === '' ? [] : complaintsAbout(path, entry),
  );
}

function complaintsAbout(path: string, entry: unknown): string[] {
  // Comes inside the archive of the package that bundles it, and is covered by that one's hash.
  if (member(entry, 'inBundle') === true) return [];
  if (member(entry, 'link') === true || !path.includes('node_modules/'))
    return [`${path} is not from the registry`];
  const integrity = member(entry, 'integrity');
  if (isOutsider(entry)) return [];
  const resolved = member(entry, 'resolved');
  return [
    ...(typeof integrity === 'string' && /^sha(512|1)-/.test(integrity)
      ? []
      : [`${path} has no integrity hash`]),
    ...(resolved === undefined || (typeof resolved === 'string' && resolved.startsWith('https://'))
      ? []
      : [`${path} does not come over https`]),
    ...(member(entry, 'hasInstallScript') === true && member(entry, 'dev') !== true
      ? [`${path} runs a script when it is installed, and is needed in production`]
      : []),
    ...(member(entry, 'engines') === undefined
      ? []
      : [`${path} says which Node it wants, of which npm warns: run npm run lock`]),
  ];
}

/**
 * Another platform's build of a development tool, without a hash: listed by scripts/completeLock.cjs so that npm knows to leave
 * it out here. In production there is none.
 */
export function isOutsider(entry: unknown): boolean {
  const isOptional = member(entry, 'optional') === true && member(entry, 'dev') === true;
  return member(entry, 'integrity') === undefined && isOptional && isForAnotherPlatform(entry);
}

function isForAnotherPlatform(entry: unknown): boolean {
  const libraries = member(entry, 'libc');
  const isHere = allows(member(entry, 'os'), 'linux') && allows(member(entry, 'cpu'), 'x64');
  return !isHere || (Array.isArray(libraries) && libraries.includes('musl'));
}

/** A list that is not there allows everything: `wasm32` builds name no operating system. */
function allows(list: unknown, name: string): boolean {
  return !Array.isArray(list) || list.includes(name);
}

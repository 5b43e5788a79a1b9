/**
 * Completes package-lock.json after `npm install`. npm leaves out the platform builds (`@biomejs/cli-darwin-arm64`, …)
 * that its registry did not give it, and then refuses its own file in `npm ci`. They are entered here by name,
 * version and platform: enough for npm to skip them elsewhere and to fetch them where they belong. Works on the lock file of
 * the folder that it is started in.
 *
 * It also takes out which versions of Node the packages want. npm compares those with the Node that npm itself runs on: it would
 * warn of each such package, and leave optional ones out, although they run on the Node that the install brings.
 */
const { readFileSync, writeFileSync } = require('node:fs');

const OPERATING_SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const PROCESSORS = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32'];

const FILE = 'package-lock.json';
const lock = JSON.parse(readFileSync(FILE, 'utf8'));

for (const [parent, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (isThere(parent, name)) continue;
    const words = name.split(/[/-]/);
    const cpu = PROCESSORS.filter((cpu) => words.some((word) => word === cpu || word.startsWith(`${cpu}-`)));
    const os = OPERATING_SYSTEMS.filter((os) => words.includes(os));
    lock.packages[`node_modules/${name}`] = {
      version,
      // npm takes an empty list away again.
      ...(cpu.length > 0 && { cpu }),
      ...(entry.dev && { dev: true }),
      ...libcOf(name),
      optional: true,
      ...(os.length > 0 && { os }),
    };
  }
}
for (const [path, entry] of Object.entries(lock.packages)) {
  if (path !== '') delete entry.engines;
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);

/** Where a package is for one C library only, its name says so. */
function libcOf(name) {
  if (name.includes('musl')) return { libc: ['musl'] };
  return name.includes('gnu') ? { libc: ['glibc'] } : {};
}

/** Beside the parent, or further up. */
function isThere(parent, name) {
  for (let at = parent; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (`${at === '' ? '' : `${at}/`}node_modules/${name}` in lock.packages) return true;
    if (at === '' || !at.includes('node_modules/')) return `node_modules/${name}` in lock.packages;
  }
}

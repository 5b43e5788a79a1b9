#!/usr/bin/env node
/** Says where the time of a CPU profile went: `node dist/bench/profile.js <file.cpuprofile>`, after `npm run bench -- --cpu-prof`. */
import { readFileSync } from 'node:fs';

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
  children?: number[];
}

interface Profile {
  nodes: ProfileNode[];
  samples: number[];
  timeDeltas: number[];
}

const IDLE = new Set(['(idle)', '(program)', '(root)']);
/** Below it is what the program does while it is being loaded: part of the start, not of requests. */
const LOADING = 'node:internal/main/run_main_module';
const SHOWN = 45;

function main(file: string): void {
  const profile: Profile = JSON.parse(readFileSync(file, 'utf8'));
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const self = new Map<number, number>();
  profile.samples.forEach((id, index) => {
    add(self, id, profile.timeDeltas[index] ?? 0);
  });
  const byModule = new Map<string, number>();
  const byFunction = new Map<string, number>();
  const inclusive = new Map<string, number>();
  let busy = 0;

  /** @returns the time of the node and everything below it */
  const visit = (node: ProfileNode, above: ReadonlySet<string>): number => {
    const own = IDLE.has(node.callFrame.functionName) ? 0 : (self.get(node.id) ?? 0);
    const name = nameOf(node);
    busy += own;
    add(byModule, moduleOf(node), own);
    add(byFunction, name, own);
    const below = new Set(above).add(name);
    let total = own;
    for (const id of node.children ?? []) {
      const child = nodes.get(id);
      if (child && child.callFrame.url !== LOADING) total += visit(child, below);
    }
    // A function that calls itself is counted once.
    if (!above.has(name)) add(inclusive, name, total);
    return total;
  };
  const root = profile.nodes[0];
  if (root) visit(root, new Set());

  print('Self time by module', byModule, busy, 25);
  print('Self time by function', byFunction, busy, SHOWN);
  print('Time with everything below, by function', inclusive, busy, SHOWN * 2);
}

function add<Key>(to: Map<Key, number>, key: Key, amount: number): void {
  to.set(key, (to.get(key) ?? 0) + amount);
}

function moduleOf({ callFrame: { url, functionName } }: ProfileNode): string {
  if (url === '') return functionName.startsWith('(') ? functionName : '(native)';
  const inPackage = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (inPackage !== undefined) return inPackage;
  if (url.startsWith('node:')) return url.split('/').slice(0, 2).join('/');
  return url.replace(/^.*\/dist\//, '');
}

function nameOf(node: ProfileNode): string {
  const { functionName, url, lineNumber } = node.callFrame;
  const place = url === '' ? '' : ` ${url.replace(/^.*\/(node_modules|dist)\//, '')}:${lineNumber + 1}`;
  return `${functionName || '(anonymous)'}${place}`;
}

function print(title: string, times: ReadonlyMap<string, number>, busy: number, count: number): void {
  console.log(`\n${title}`);
  const sorted = [...times].sort(([, a], [, b]) => b - a).slice(0, count);
  for (const [name, time] of sorted)
    console.log(`${((time / busy) * 100).toFixed(1).padStart(6)} %  ${name}`);
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: profile.js <file.cpuprofile>');
  process.exitCode = 1;
} else main(file);

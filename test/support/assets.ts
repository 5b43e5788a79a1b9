/** What it costs a gateway when anyone asks for its largest files and does not read them. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { startGatewayProcess } from './gatewayProcess';

/** The largest file that anyone may fetch. */
export async function largestAsset(url: string): Promise<string> {
  const page = await (await fetch(`${url}/docs`)).text();
  return /\/docs\/reference\.[\w-]+\.js/.exec(page)?.[0] ?? '';
}

/** A socket that asks and, when the answer begins, reads no further; gives the answer's status. */
export function askAndStall(url: string, path: string): Promise<{ status: number; socket: Socket }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nhost: gateway\r\n\r\n`);
  return new Promise((resolve) => {
    socket.once('close', () => resolve({ status: 0, socket }));
    socket.once('data', (begin) => {
      socket.pause();
      resolve({ status: Number(begin.toString('latin1').slice(9, 12)), socket });
    });
  });
}

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/**
 * So many requests at once for the largest file, in a process of its own (Linux only).
 * @returns how many were answered with the file, and by how many MB the process had grown by then
 */
export async function measureAssets(
  configPath: string,
  requests: number,
): Promise<{ taken: number; grownMb: number; residentMb: number }> {
  const gateway = await startGatewayProcess(configPath);
  try {
    const asset = await largestAsset(gateway.url);
    await (await fetch(gateway.url + asset)).arrayBuffer();
    const before = residentMb(gateway.pid);
    const asked = await Promise.all(Array.from({ length: requests }, () => askAndStall(gateway.url, asset)));
    const after = residentMb(gateway.pid);
    for (const { socket } of asked) socket.destroy();
    const taken = asked.filter(({ status }) => status === 200).length;
    return { taken, grownMb: after - before, residentMb: after };
  } finally {
    await gateway.kill();
  }
}

/** A TCP relay in front of a server, so that a test can take the server away and bring it back. */
import { connect, createServer, type Server, type Socket } from 'node:net';

interface Target {
  host: string;
  port: number;
}

export interface Relay {
  port: number;
  /** Nobody listens any more, and every connection breaks. */
  cut(): Promise<void>;
  /** Listens again, on the same port, in front of another server if one is given. */
  restore(next?: Target): Promise<void>;
}

export async function openRelay(first: Target): Promise<Relay> {
  let target = first;
  const sockets = new Set<Socket>();
  const accept = (client: Socket) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  };
  let server = await listen(accept, 0);
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the relay has no port');
  const { port } = address;
  return {
    port,
    cut: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
    restore: async (next = target) => {
      target = next;
      server = await listen(accept, port);
    },
  };
}

function listen(accept: (socket: Socket) => void, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(accept).once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** A way to a server that can be shut, as if the server were not there, and opened again at the same port. */
import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

export interface Door {
  /** @param url of the server; @returns its address by way of the door */
  leadTo(url: string): string;
  /** Connections break, and new ones are refused. */
  shut(): Promise<void>;
  open(): Promise<void>;
}

/** Opens one; it leads nowhere until it is told. */
export async function openDoor(): Promise<Door> {
  const sockets = new Set<Socket>();
  let target = 0;
  let port = 0;
  let server: Server | undefined;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    return socket;
  };
  const open = async () => {
    if (server !== undefined) return;
    server = createServer((socket) => {
      const onward = keep(createConnection(target, '127.0.0.1'));
      keep(socket).pipe(onward).pipe(socket);
      socket.on('close', () => onward.destroy());
      onward.on('close', () => socket.destroy());
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address !== null && typeof address === 'object') port = address.port;
  };
  await open();
  return {
    leadTo: (url) => {
      const through = new URL(url);
      target = Number(through.port);
      through.port = String(port);
      return through.href.replace(/\/$/, '');
    },
    shut: async () => {
      const closing = server;
      server = undefined;
      closing?.close();
      for (const socket of sockets) socket.destroy();
      if (closing) await once(closing, 'close');
    },
    open,
  };
}

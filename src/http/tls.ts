/** HTTPS by configuration, and the exchange of renewed certificates while it runs. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createPlain, type Server as PlainServer, type ServerOptions } from 'node:http';
import { createServer as createSecure, type Server as SecureServer } from 'node:https';
import { ConfigError } from '../config/problem';
import { errorCode } from '../config/substitute';
import type { TlsConfig } from '../config/types';

export interface Listener {
  server: PlainServer | SecureServer;
  scheme: 'http' | 'https';
  /**
   * Reads the files of the configuration again; new connections get what is new in them.
   * @returns whether anything was new
   * @throws ConfigError when they cannot be used; the old ones stay in use then
   */
  refresh(): boolean;
}

/** @throws ConfigError when a file cannot be read or used */
export function createListener(tls: TlsConfig, options: ServerOptions): Listener {
  if (tls.certFile === '') {
    return { server: createPlain(options), scheme: 'http', refresh: () => false };
  }
  let files = readFiles(tls);
  const server = usable(() =>
    createSecure({
      ...options,
      // To be secured is part of the head: Node's own two minutes would let half-open connections gather.
      ...(options.headersTimeout !== undefined && { handshakeTimeout: options.headersTimeout }),
      ...files.context,
      minVersion: 'TLSv1.2',
      ...(tls.clientCaFile !== '' && { requestCert: true, rejectUnauthorized: tls.requireClientCert }),
    }),
  );
  return {
    server,
    scheme: 'https',
    refresh: () => {
      const next = readFiles(tls);
      if (next.digest === files.digest) return false;
      usable(() => server.setSecureContext({ ...next.context, minVersion: 'TLSv1.2' }));
      files = next;
      return true;
    },
  };
}

function readFiles({ certFile, keyFile, clientCaFile }: TlsConfig) {
  const cert = read('certFile', certFile);
  const key = read('keyFile', keyFile);
  const ca = clientCaFile === '' ? undefined : read('clientCaFile', clientCaFile);
  const digest = createHash('sha256')
    .update(cert)
    .update(key)
    .update(ca ?? '')
    .digest('hex');
  return { digest, context: { cert, key, ...(ca && { ca }) } };
}

function read(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigError([{ path: `server.tls.${name}`, message: `cannot be read (${errorCode(error)})` }]);
  }
}

/** OpenSSL's own texts may quote a file's content. */
function usable<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new ConfigError([
      { path: 'server.tls', message: `the certificate and key cannot be used (${errorCode(error)})` },
    ]);
  }
}

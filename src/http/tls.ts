/** HTTPS by configuration, and the exchange of renewed certificates while it runs. */
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createPlain, type Server as PlainServer, type ServerOptions } from 'node:http';
import { createServer as createSecure, type Server as SecureServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import { ConfigError } from '../config/problem';
import { errorCode } from '../config/substitute';
import type { TlsConfig } from '../config/types';

export interface Listener {
  server: PlainServer | SecureServer;
  scheme: 'http' | 'https';
  /** The files of the configuration; none for plain HTTP. */
  files: readonly string[];
  /**
   * Reads the files of the configuration again; new connections get what is new in them.
   * @returns whether anything was new
   * @throws ConfigError that names the file and the cause when they cannot be used; the old ones stay in use then
   */
  refresh(): boolean;
}

/**
 * @param section where the configuration says it: `server.tls`
 * @throws ConfigError when a file cannot be read or used
 */
export function createListener(tls: TlsConfig, options: ServerOptions, section = 'server.tls'): Listener {
  if (tls.certFile === '') {
    return { server: createPlain(options), scheme: 'http', files: [], refresh: () => false };
  }
  let files = readFiles(tls, section);
  checkPair(files.context, section);
  const server = usable(section, () =>
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
    files: [tls.certFile, tls.keyFile, tls.clientCaFile].filter((path) => path !== ''),
    refresh: () => {
      const next = readFiles(tls, section);
      if (next.digest === files.digest) return false;
      checkTime(checkPair(next.context, section), new Date(), section);
      const context = { ...next.context, minVersion: 'TLSv1.2' } as const;
      // Tried apart first: the server forgets parts of the old context before it takes the new one.
      usable(section, () => createSecureContext(context));
      usable(section, () => server.setSecureContext(context));
      files = next;
      return true;
    },
  };
}

interface Pems {
  cert: Buffer;
  key: Buffer;
  ca?: Buffer;
}

function readFiles(
  { certFile, keyFile, clientCaFile }: TlsConfig,
  section: string,
): { digest: string; context: Pems } {
  const cert = read(section, 'certFile', certFile);
  const key = read(section, 'keyFile', keyFile);
  const ca = clientCaFile === '' ? undefined : read(section, 'clientCaFile', clientCaFile);
  const digest = createHash('sha256')
    .update(cert)
    .update(key)
    .update(ca ?? '')
    .digest('hex');
  return { digest, context: { cert, key, ...(ca && { ca }) } };
}

function read(section: string, name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw problem(section, name, `cannot be read (${errorCode(error)})`);
  }
}

/** OpenSSL's own texts may quote a file's content, so causes are found out and told in our words. */
function checkPair({ cert, key, ca }: Pems, section: string): X509Certificate {
  const certificate = parsed(() => new X509Certificate(cert));
  if (certificate === undefined) throw problem(section, 'certFile', 'holds no certificate in PEM form');
  const privateKey: KeyObject | undefined = parsed(() => createPrivateKey(key));
  if (privateKey === undefined)
    throw problem(section, 'keyFile', 'holds no private key in PEM form without a password');
  if (!certificate.checkPrivateKey(privateKey))
    throw problem(section, 'keyFile', `is not the key of the certificate in ${section}.certFile`);
  if (ca !== undefined && parsed(() => new X509Certificate(ca)) === undefined)
    throw problem(section, 'clientCaFile', 'holds no certificate in PEM form');
  return certificate;
}

/** Only of a renewed certificate: at the start there is no better one. */
function checkTime({ validFrom, validTo }: X509Certificate, now: Date, section: string): void {
  if (new Date(validTo) < now)
    throw problem(section, 'certFile', `holds a certificate that has expired (${day(validTo)})`);
  if (new Date(validFrom) > now)
    throw problem(section, 'certFile', `holds a certificate that is not valid yet (from ${day(validFrom)})`);
}

function day(text: string): string {
  return new Date(text).toISOString().slice(0, 10);
}

function parsed<Value>(parse: () => Value): Value | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

function problem(section: string, name: string, message: string): ConfigError {
  return new ConfigError([{ path: `${section}.${name}`, message }]);
}

function usable<T>(section: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new ConfigError([
      { path: section, message: `the certificate and key cannot be used (${errorCode(error)})` },
    ]);
  }
}

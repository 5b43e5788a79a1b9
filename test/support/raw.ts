/** An HTTP client that changes nothing: the path as it is, the headers as they are, no redirects, no decoding. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';

export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface RawRequest {
  method: string;
  path: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer | undefined;
  /** Sends the body in pieces without a length. */
  chunked?: boolean;
}

export function sendRaw(
  url: string,
  { method, path, headers = {}, body, chunked }: RawRequest,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const length = body === undefined || chunked ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const all = { ...length, ...headers };
    let answered = false;
    const request = httpRequest({ hostname, port, method, path, headers: all, agent: false }, (response) => {
      answered = true;
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(parts).toString('utf8'),
        }),
      );
    });
    // A server that refuses early may close before all is sent; its answer counts.
    request.on('error', (error) => {
      if (!answered) reject(error);
    });
    if (chunked && body !== undefined) {
      const bytes = Buffer.from(body);
      for (let at = 0; at < bytes.length; at += 16_384) request.write(bytes.subarray(at, at + 16_384));
      request.end();
    } else request.end(body);
  });
}

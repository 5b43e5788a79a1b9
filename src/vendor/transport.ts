/**
 * axios on undici: axios' public `adapter` option with an undici pool behind it. The pool follows no redirects, reads
 * no proxy from the environment, and never sends anything to another origin than the one it was made for.
 */
import type { AxiosAdapter, AxiosResponse } from 'axios';
import type { Pool } from 'undici';
import { unexpectedResponse } from './failure';

/** The largest answer that is read, in bytes. A list of all providers of a large clinic fits many times over. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/**
 * @param pool a pool for the one origin that may be called
 * @returns an adapter whose responses carry the raw bytes as `data`
 */
export function undiciAdapter(pool: Pool): AxiosAdapter {
  return async (config): Promise<AxiosResponse<Buffer>> => {
    const { statusCode, headers, body } = await pool.request({
      path: config.url ?? '/',
      // axios lower-cases the method, and HTTP methods are case-sensitive.
      method: (config.method ?? 'get').toUpperCase(),
      headers: [...config.headers].flatMap(([name, value]) => [name, String(value)]),
      body: typeof config.data === 'string' ? config.data : null,
      signal: config.signal instanceof AbortSignal ? config.signal : null,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body) {
      size += chunk.length;
      // Leaving the loop destroys the stream, and with it the connection.
      if (size > MAX_ANSWER_BYTES) throw unexpectedResponse('The vendor’s answer is too large.', statusCode);
      chunks.push(chunk);
    }
    return {
      data: Buffer.concat(chunks),
      status: statusCode,
      statusText: '',
      headers: flat(headers),
      config,
    };
  };
}

/** Repeated headers joined, as HTTP allows for all that are read here. */
function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}

/** The console's cookies. Under TLS their names say that no other host, and nobody on the way, can have set them. */
import type { Request, Response } from 'express';

const PLACE = '/console';

export interface CookieOptions {
  /** Whether people reach the console over TLS. */
  secure: boolean;
  /** `lax` for one that has to be there when a provider sends people back. */
  sameSite: 'strict' | 'lax';
  /** Absent: until the browser is closed. */
  maxAgeSeconds?: number;
}

export function cookieName(name: string, secure: boolean): string {
  return secure ? `__Host-${name}` : name;
}

/** Undefined without it, and if it came twice: one of them is not ours. */
export function readCookie(req: Request, name: string, secure: boolean): string | undefined {
  const wanted = `${cookieName(name, secure)}=`;
  const found = (req.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(wanted));
  return found.length === 1 ? found[0]?.slice(wanted.length) : undefined;
}

export function setCookie(res: Response, name: string, value: string, options: CookieOptions): void {
  const { secure, sameSite, maxAgeSeconds } = options;
  const parts = [
    `${cookieName(name, secure)}=${value}`,
    `Path=${secure ? '/' : PLACE}`,
    'HttpOnly',
    `SameSite=${sameSite === 'strict' ? 'Strict' : 'Lax'}`,
    ...(secure ? ['Secure'] : []),
    ...(maxAgeSeconds === undefined ? [] : [`Max-Age=${maxAgeSeconds}`]),
  ];
  res.appendHeader('set-cookie', parts.join('; '));
}

export function dropCookie(res: Response, name: string, options: Omit<CookieOptions, 'maxAgeSeconds'>): void {
  setCookie(res, name, '', { ...options, maxAgeSeconds: 0 });
}

/** Encryption of stored texts that hold staff data, with a key that is not in the store (AES-256-GCM, NIST SP 800-38D). */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

export interface Cipher {
  /** @param place what the text belongs to: it cannot be read as another row's */
  seal(text: string, place: string): string;
  /** A text that was never sealed comes back as it is. @returns undefined if no known key opens it */
  open(text: string, place: string): string | undefined;
}

/** JSON never begins so. */
const MARK = 'sealed.';

/** Without a key. */
export const PLAIN: Cipher = {
  seal: (text) => text,
  open: (text) => (text.startsWith(MARK) ? undefined : text),
};

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** @param secrets the first seals, all open; none: nothing is encrypted */
export function createCipher(secrets: readonly string[]): Cipher {
  const keys = secrets.map(derived);
  const [sealing] = keys;
  if (sealing === undefined) return PLAIN;
  return {
    seal(text, place) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealing.key, iv).setAAD(Buffer.from(place));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      const body = Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
      return `${MARK}${sealing.id}.${body}`;
    },
    open(text, place) {
      if (!text.startsWith(MARK)) return text;
      const [id, body = ''] = text.slice(MARK.length).split('.');
      const known = keys.find((key) => key.id === id);
      return known && opened(known.key, Buffer.from(body, 'base64url'), place);
    },
  };
}

function opened(key: KeyObject, bytes: Buffer, place: string): string | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(Buffer.from(place))
      .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const text = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES));
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  } catch {
    // Changed, cut, or another row's.
    return undefined;
  }
}

function derived(secret: string): { id: string; key: KeyObject } {
  const part = (use: string, length: number) =>
    Buffer.from(hkdfSync('sha256', secret, '', `store ${use}`, length));
  return { id: part('id', 8).toString('hex'), key: createSecretKey(part('encryption', 32)) };
}

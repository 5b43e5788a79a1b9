/** About the gateway itself. */
import type { Part } from '../joiSchema';
import { object, text } from './parts';

export function serviceSchemas(): Record<string, Part> {
  return {
    KeySet: object('A JSON Web Key Set (RFC 7517).', {
      keys: {
        type: 'array',
        description: 'One for each private key in the configuration.',
        items: { type: 'object', additionalProperties: true },
      },
    }),
    Readiness: object('Whether the gateway can work, and what it is waiting for.', {
      status: { type: 'string', enum: ['ready', 'not ready'], description: 'The sum of the checks.' },
      checks: object('What the gateway itself needs.', {
        config: { type: 'string', enum: ['ok'], description: 'The configuration in use.' },
        store: { type: 'string', enum: ['ok', 'failed'], description: 'Its database.' },
        process: {
          type: 'string',
          enum: ['ok', 'stopping'],
          description: '`stopping`: requests are taken for a short while only (`server.drainMs`).',
        },
      }),
      configFile: {
        type: 'string',
        enum: ['ok', 'refused'],
        description:
          '`refused`: the file on disk cannot be used, and the configuration before it stays in use; that is no reason to be unready.',
      },
      certificate: {
        type: 'string',
        enum: ['ok', 'refused'],
        description:
          '`refused`: the certificate files on disk cannot be used, and the certificate before them stays in use; likewise no reason.',
      },
    }),
    Health: object('How the gateway is.', { status: text('In a word or two.') }),
  };
}

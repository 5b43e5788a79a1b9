/** Who may use the operators' console, and how they sign in: by a key, or at an OpenID Connect provider. */
import joi from 'joi';
import type { ConfigProblem } from './problem';
import { issuerUrl, oneOf, oneOrList, sha256, wholeTls } from './rules';

export const OPERATOR_ROLES = ['viewer', 'operator'] as const;
/** `viewer` reads, `operator` acts as well. */
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

export interface OperatorConfig {
  name: string;
  /** Lower-case hex SHA-256 of the key; several while a key is being replaced. */
  keySha256: string | readonly string[];
  role: OperatorRole;
}

/** An OpenID Connect provider at which operators sign in (code flow with PKCE). */
export interface OidcConfig {
  issuer: string;
  clientId: string;
  /** Absent: a public client. */
  clientSecret?: string;
  /** Absent: `/console/api/oidc/callback` on the listener's own address. */
  redirectUri?: string;
  scope: string;
  /** The claim of the ID token whose value, or one of whose values, decides the role. */
  claim: string;
  /** What that claim says → the role; of several the one that may more. */
  roles: Readonly<Record<string, OperatorRole>>;
  /** The claim that names the operator in the audit. */
  nameClaim: string;
}

export interface OpsConfig {
  host: string;
  port: number;
  /** Paths of PEM files; absent or empty: plain HTTP. */
  tls?: { certFile: string; keyFile: string };
  /** A proxy in front speaks TLS, so cookies are for TLS only. */
  tlsAtProxy?: boolean;
  oidc?: OidcConfig;
}

const OPERATOR_NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$/u;

export const OPERATORS = joi
  .array()
  .items(
    joi.object({
      name: joi
        .string()
        .pattern(OPERATOR_NAME, 'name: letters, digits, spaces and . _ @ -, at most 64')
        .required()
        .description('Its name in the audit, after operator:; each one once.'),
      keySha256: oneOrList(joi.string().custom(sha256))
        .required()
        .meta({ type: '64 hex digits' })
        .description(
          'SHA-256 of the key to sign in with, or a list while it is being replaced. Each one once.',
        ),
      role: oneOf(OPERATOR_ROLES).required().description('viewer reads; operator acts as well.'),
    }),
  )
  .default([])
  .description(
    "Who may use the operators' console at /console on the ops port. Without operators and ops.oidc there is none.",
  );

const OIDC = joi
  .object({
    issuer: joi
      .string()
      .custom(issuerUrl)
      .required()
      .description(
        'The provider: https only, but for the loopback interface. Its metadata is found from it.',
      ),
    clientId: joi.string().max(500).required().description('What the provider calls this gateway.'),
    clientSecret: joi
      .string()
      .empty('')
      .max(1_000)
      .description('The secret of a confidential client. Absent or empty: a public client. Never printed.'),
    redirectUri: joi
      .string()
      .custom(issuerUrl)
      .description(
        'Where the provider sends people back: https://<ops host>/console/api/oidc/callback. Absent: on the address of the ops port.',
      ),
    scope: joi.string().max(500).default('openid profile').description('The scopes that are asked for.'),
    claim: joi
      .string()
      .max(200)
      .default('roles')
      .description('The claim of the ID token that decides the role.'),
    roles: joi
      .object()
      .pattern(joi.string().max(200), oneOf(OPERATOR_ROLES))
      .min(1)
      .required()
      .meta({ type: 'object' })
      .description('What that claim says on the left, viewer or operator on the right. Nobody else gets in.'),
    nameClaim: joi
      .string()
      .max(200)
      .default('preferred_username')
      .description('The claim that names the operator in the audit; without it the subject does.'),
  })
  .description('An OpenID Connect provider at which operators sign in (code flow with PKCE). Absent: none.');

/** What the ops section has besides its address. */
export const OPS_KEYS = {
  tls: joi
    .object({
      certFile: joi
        .string()
        .allow('')
        .default('')
        .description('Path of the certificate chain (PEM). Empty: none.'),
      keyFile: joi.string().allow('').default('').description('Path of its private key (PEM). Empty: none.'),
    })
    .custom(wholeTls)
    .description('HTTPS for metrics, health and the console. Changed files are taken over by themselves.'),
  tlsAtProxy: joi
    .boolean()
    .description(
      'Whether a proxy in front of the ops port speaks TLS. The console needs it on any address but the loopback interface.',
    ),
  oidc: OIDC,
};

/** A session that travels in clear could be taken over by anybody on the way. */
export function consoleProblems(ops: OpsConfig, operators: readonly OperatorConfig[]): ConfigProblem[] {
  const hasConsole = operators.length > 0 || ops.oidc !== undefined;
  if (!hasConsole || overTls(ops) || isLoopback(ops.host)) return [];
  const message =
    'is not the loopback interface, where the console needs TLS: ops.tls, or a proxy in front that speaks it and ops.tlsAtProxy: true';
  return [{ path: 'ops.host', message }];
}

/** Whether people reach the ops port over TLS. */
export function overTls({ tls, tlsAtProxy }: Pick<OpsConfig, 'tls' | 'tlsAtProxy'>): boolean {
  return tlsAtProxy === true || (tls !== undefined && hasTls({ tls }));
}

/** Whether the ops port speaks TLS itself. */
export function hasTls({ tls }: Pick<OpsConfig, 'tls'>): boolean {
  return tls !== undefined && tls.certFile !== '';
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|::1)$/.test(host);
}

/** Fit for printing. */
export function maskedOps({ oidc, ...ops }: OpsConfig, mask: string): OpsConfig {
  if (oidc === undefined) return ops;
  return { ...ops, oidc: { ...oidc, ...(oidc.clientSecret !== undefined && { clientSecret: mask }) } };
}

/** What must not appear in a log. */
export function operatorSecrets({ oidc }: OpsConfig): readonly string[] {
  return oidc?.clientSecret === undefined ? [] : [oidc.clientSecret];
}

/** The hashes of an operator's keys, as a list whichever way they are written. */
export function operatorHashes({ keySha256 }: Pick<OperatorConfig, 'keySha256'>): readonly string[] {
  return typeof keySha256 === 'string' ? [keySha256] : keySha256;
}

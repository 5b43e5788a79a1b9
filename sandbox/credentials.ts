/**
 * What opens the sandboxes. All of it is fake and worth nothing anywhere else: fixed words, no random part, and the
 * people behind the log-ins do not exist.
 */
export const SANDBOX_CREDENTIALS = {
  vitalis: {
    /** Accepted like a token of the administrator until it is switched off; never runs out by itself. */
    staticAdminToken: 'sandbox-static-admin-token',
    admin: { email: 'admin@example.test', password: 'admin-pass-1' },
    /** Whoever registers with it is an administrator. */
    adminKey: 'sandbox-admin-key',
    user: { email: 'user@example.test', password: 'user-pass-1' },
  },
  clinikapi: {
    liveKey: 'clk_live_sandbox0fake0key',
    testKey: 'clk_test_sandbox0fake0key',
    readOnlyKey: 'clk_live_sandbox0read0only',
    writeOnlyKey: 'clk_live_sandbox0write0only',
    revokedKey: 'clk_live_sandbox0revoked',
    expiredKey: 'clk_live_sandbox0expired',
    otherOrganizationKey: 'clk_live_sandbox0other0tenant',
  },
  cobalt: {
    clientId: 'ci_live_SANDBOXFAKEID',
    clientSecret: 'cs_live_SANDBOXFAKESECRET',
    accessToken: 'SANDBOXFAKEACCESSTOKEN',
  },
  fhir: {
    /** A fixed bearer token that never runs out. */
    token: 'sandbox-fhir-bearer-token',
    clientId: 'sandbox-fhir-client',
    clientSecret: 'sandbox-fhir-client-secret',
  },
} as const;

/** A real OpenID Connect provider in a process of its own: `node -r typescript.cjs oidcProvider.ts <port> <redirectUri>`. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const [port = '', redirectUri = ''] = process.argv.slice(2);

/** Who may do what; anybody else has no role. */
const ROLES: Readonly<Record<string, readonly string[]>> = {
  olga: ['staff', 'directory-operators'],
  vera: ['directory-viewers'],
};

async function main(): Promise<void> {
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [
      {
        client_id: 'gateway-console',
        client_secret: 'secret-of-the-console',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['preferred_username', 'roles'] },
    findAccount: (_, accountId) => ({
      accountId,
      claims: async () => ({
        sub: `id-of-${accountId}`,
        preferred_username: accountId,
        roles: ROLES[accountId] ?? [],
      }),
    }),
  });
  const server = createServer(provider.callback());
  server.listen(Number(port), '127.0.0.1');
  await once(server, 'listening');
  process.stdout.write('listening\n');
}

void main();

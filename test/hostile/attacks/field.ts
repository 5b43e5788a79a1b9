/** Where the attacks take place: a gateway of the kind that runs in production, its vendors, and one vendor that ignores case. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { exportJWK, SignJWT } from 'jose';
import { openDatabase } from '../../../src/store/database';
import { createLinks, type Link } from '../../../src/store/links';
import { openStage, type Stage } from '../../support/stage';

/** Callers besides those of the stage. */
export const ATTACKERS = {
  east: 'key-of-east',
  writer: 'key-of-a-writer',
  caseless: 'key-of-caseless',
} as const;

/** What a caller may have queued. */
export const QUOTA = 30;

const ISSUER = 'https://login.example.org/';
const AUDIENCE = 'https://gateway.example.org';

export interface Field {
  stage: Stage;
  /** An access token of the issuer that the gateway trusts for `north` and `centro`. */
  token(claims?: Record<string, unknown>, type?: string): Promise<string>;
  /** Makes a link past the gateway. */
  link(link: Link): Promise<void>;
  close(): Promise<void>;
}

export async function openField(): Promise<Field> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' };
  const caseless = await openCaseless();
  const stage = await openStage({
    configure: (config) => {
      const main = config.vendors['clinikapi-main'];
      caseless.target = main.baseUrl;
      Object.assign(config.server, {
        maxInFlight: 20,
        maxConnections: 60,
        stallMs: 2_000,
        anonymous: { maxInFlight: 8, maxPerAddress: 4 },
      });
      Object.assign(config.vendors, {
        shared: { ...main, breaker: { failures: 3, openMs: 60_000 }, readRetries: 0 },
        spare: { ...main },
        caseless: { ...main, baseUrl: caseless.url },
      });
      Object.assign(config.clinics, {
        east: { vendor: 'shared' },
        west: { vendor: 'shared' },
        caseless: { vendor: 'caseless' },
      });
      config.callers.push(
        caller('east-app', ATTACKERS.east, 'east', ['staff:read', 'staff:write', 'links:write']),
        caller('west-app', 'key-of-west', 'west', ['staff:read', 'staff:write']),
        caller('writer', ATTACKERS.writer, 'north', ['staff:write']),
        caller('caseless-app', ATTACKERS.caseless, 'caseless', ['staff:read', 'staff:write', 'links:write']),
      );
      Object.assign(config, {
        deliveries: { maxQueuedPerCaller: QUOTA },
        tokens: [
          {
            name: 'login',
            issuer: ISSUER,
            audience: AUDIENCE,
            jwks: { keys: [jwk] },
            algorithms: ['ES256'],
            rateLimit: { requests: 3, perSeconds: 3_600 },
            clinics: { north: 'north', centro: 'centro' },
          },
        ],
      });
    },
  });
  return {
    stage,
    token: (claims = {}, type = 'at+jwt') =>
      new SignJWT({ client_id: 'app', clinic: 'north', scope: 'staff:read staff:write', ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'one', typ: type })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey),
    link: async (link) => {
      const database = await openDatabase(stage.config.store.url);
      await createLinks(database).put(link);
      await database.close();
    },
    close: async () => {
      await stage.close();
      await caseless.close();
    },
  };
}

function caller(name: string, key: string, clinic: string, scopes: string[]) {
  return { name, keySha256: createHash('sha256').update(key).digest('hex'), clinic, scopes };
}

/** Passes everything on in small letters, as a vendor whose database ignores case does. */
async function openCaseless() {
  const it = { target: '', url: '', close: () => Promise.resolve() };
  const server: Server = createServer((req, res) => {
    const { method, headers } = req;
    const onward = httpRequest(it.target + (req.url ?? '').toLowerCase(), { method, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    req.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  it.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  it.close = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return it;
}

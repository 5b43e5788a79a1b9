/** What is asked of an authorization server, and for how long its token is used. */
import { bearerCredentials, clientLogin, clientOf } from '../../src/adapter/oauth';

const CLIENT = { tokenUrl: 'https://auth.example.test/token', clientId: 'gateway', clientSecret: 'a-secret' };

test.each<[unknown, number]>([
  // Thirty seconds before its end, or after nine tenths of a short life.
  [{ expires_in: 3600 }, 3570],
  [{ expires_in: '600' }, 570],
  [{ expires_in: 60 }, 54],
  [{ expires_in: 5 }, 4],
  [{ expires_in: 0 }, 0],
  // A life that is not told is taken for five minutes.
  [{}, 270],
  [{ expires_in: null }, 270],
  [{ expires_in: 'soon' }, 270],
])('the token of %j is used for %i seconds', (body, seconds) => {
  const { lifetimeSeconds } = clientLogin(CLIENT);
  expect(typeof lifetimeSeconds === 'function' && lifetimeSeconds(body)).toBe(seconds);
});

test('a client is one with an address and a name', () => {
  expect(clientOf(CLIENT)).toEqual(CLIENT);
  expect(clientOf({ ...CLIENT, scope: 'system/*.rs' })).toEqual({ ...CLIENT, scope: 'system/*.rs' });
  const { tokenUrl, clientId } = CLIENT;
  for (const none of [{}, { token: 't' }, { tokenUrl }, { clientId }]) expect(clientOf(none)).toBeUndefined();
});

test('the secret goes into the form, or into a header without the colon ending the name', () => {
  expect(clientLogin(CLIENT).request).toMatchObject({
    method: 'POST',
    form: { grant_type: 'client_credentials', client_id: 'gateway', client_secret: 'a-secret' },
  });
  const { request } = clientLogin({ ...CLIENT, clientId: 'a:b c', scope: 's' }, 'basic');
  expect(request).toEqual({
    method: 'POST',
    path: '/',
    form: { grant_type: 'client_credentials', scope: 's' },
    headers: { authorization: `Basic ${Buffer.from('a%3Ab+c:a-secret').toString('base64')}` },
  });
});

test.each([
  [{ token: 't', tokenUrl: CLIENT.tokenUrl }],
  [{ tokenUrl: CLIENT.tokenUrl, clientId: 'gateway' }],
  [{ tokenUrl: CLIENT.tokenUrl, clientSecret: 's' }],
  [{ ...CLIENT, privateKey: 'none' }],
  [{ clientSecret: 's' }],
  [{ scope: 's' }],
  [{ ...CLIENT, tokenUrl: 'http://auth.example.test/token' }],
])('credentials %j are refused', (credentials) => {
  expect(bearerCredentials().validate(credentials).error).toBeDefined();
});

/** (a) The floor: node:http, undici, the translation, and nothing else. */
import { createServer } from 'node:http';
import { Pool } from 'undici';
import { announce, VENDOR_KEY, vendorUrl } from './announce';
import { type CanonicalBody, fromVendor, rolePath, toVendor } from './translate';

const pool = new Pool(vendorUrl(), { connections: 100 });
const headers = { 'content-type': 'application/json', 'x-api-key': VENDOR_KEY };
const PREFIX = '/staff/';

async function update(staffId: string, text: string): Promise<string> {
  const sent: CanonicalBody = JSON.parse(text);
  const { body } = await pool.request({
    method: 'PATCH',
    path: rolePath(staffId),
    headers,
    body: JSON.stringify(toVendor(sent)),
  });
  return JSON.stringify(fromVendor(staffId, JSON.parse(await body.text())));
}

announce(
  createServer((req, res) => {
    let text = '';
    req.setEncoding('utf8');
    req.on('data', (chunk: string) => {
      text += chunk;
    });
    req.on('end', () => {
      update((req.url ?? '').slice(PREFIX.length), text).then(
        (json) => {
          res.setHeader('content-type', 'application/json');
          res.end(json);
        },
        () => {
          res.statusCode = 502;
          res.end();
        },
      );
    });
  }),
);

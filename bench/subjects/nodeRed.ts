/** (f) Node-RED: its settings, and the ClinikAPI translation as a flow of five nodes. */
import { VENDOR_KEY } from './announce';
import { fromVendor, rolePath, toVendor } from './translate';

export const FLOWS = 'flows.json';

export function nodeRedSettings(port: number) {
  return {
    uiHost: '127.0.0.1',
    uiPort: port,
    httpAdminRoot: false,
    flowFile: FLOWS,
    credentialSecret: false,
    telemetry: { enabled: false },
    logging: { console: { level: 'warn', metrics: false, audit: false } },
  };
}

/** The functions run inside Node-RED, so they take the source of the translation with them. */
export function nodeRedFlow(vendorUrl: string) {
  const request = `${rolePath} ${toVendor}
msg.staffId = msg.req.params.id;
msg.method = 'PATCH';
msg.url = ${JSON.stringify(vendorUrl)} + rolePath(msg.staffId);
msg.headers = { 'x-api-key': ${JSON.stringify(VENDOR_KEY)}, 'content-type': 'application/json' };
msg.payload = toVendor(msg.payload);
return msg;`;
  const answer = `${fromVendor}
msg.headers = {};
msg.payload = fromVendor(msg.staffId, msg.payload);
return msg;`;
  return [
    { id: 'staff', type: 'tab' },
    inFlow('in', { type: 'http in', url: '/staff/:id', method: 'patch' }, 'request'),
    inFlow('request', { type: 'function', func: request, outputs: 1 }, 'vendor'),
    // Connections are kept open.
    inFlow('vendor', { type: 'http request', method: 'use', ret: 'obj', persist: true }, 'answer'),
    inFlow('answer', { type: 'function', func: answer, outputs: 1 }, 'out'),
    inFlow('out', { type: 'http response' }),
  ];
}

function inFlow(id: string, node: object, next?: string) {
  return { id, z: 'staff', ...node, wires: next === undefined ? [] : [[next]] };
}

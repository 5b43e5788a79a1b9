/** Every route and filter whose cost may depend on the size of the store. */
import { randomUUID } from 'node:crypto';
import { CLINICS } from './gateway';

export interface LargeRoute {
  title: string;
  group: 'staff' | 'changes' | 'operators' | 'streams';
  method: 'GET' | 'PATCH' | 'PUT' | 'DELETE';
  /** At the ops port. */
  isOps?: true;
  /** For the request with this number. */
  path: (index: number) => string;
  body?: (index: number) => object;
  headers?: (index: number) => Record<string, string>;
  /** Of whose caller the request is. */
  clinic?: keyof typeof CLINICS;
  /** How often in a round, if it takes long. */
  times?: number;
}

export function largeRoutes(size: number, operationId: string): LargeRoute[] {
  return [...staffRoutes(size, operationId), ...changesRoutes(size), ...operatorsRoutes(size, operationId)];
}

const LINK = `/links/${CLINICS.clinikapi.vendor}`;

function staffRoutes(size: number, operationId: string): LargeRoute[] {
  const staff = (index: number) => `/staff/st-${1 + ((index * 7919) % size)}`;
  const patch = { group: 'staff', method: 'PATCH', path: staff, body: () => ({ status: 'active' }) } as const;
  const get = { group: 'staff', method: 'GET' } as const;
  const list = (query: string) => ({
    ...get,
    title: `GET /staff${query}, of another clinic`,
    path: () => `/staff${query}`,
    clinic: 'cobalt' as const,
  });
  return [
    { ...get, title: 'GET /staff/:id', path: staff },
    {
      ...patch,
      title: 'PATCH /staff/:id',
      body: (index) => ({ status: index % 2 === 0 ? 'inactive' : 'active' }),
    },
    {
      ...patch,
      title: 'PATCH /staff/:id, queued',
      // Others than those that are updated at once, which would have to wait.
      path: (index) => staff(index + 10_000),
      headers: () => ({ prefer: 'respond-async' }),
    },
    {
      ...patch,
      title: 'PATCH /staff/:id, a new Idempotency-Key',
      headers: () => ({ 'idempotency-key': randomUUID() }),
    },
    {
      ...patch,
      title: 'PATCH /staff/:id, the same Idempotency-Key',
      path: () => staff(1),
      headers: () => ({ 'idempotency-key': 'the-same' }),
    },
    { ...patch, title: 'PATCH /staff/:id?dryRun=true', path: (index) => `${staff(index)}?dryRun=true` },
    { ...get, title: 'GET /staff/:id/links', path: (index) => `${staff(index)}/links` },
    {
      ...get,
      title: 'PUT /staff/:id/links/:vendor',
      method: 'PUT',
      path: (index) => `/staff/new-${index}${LINK}`,
      body: (index) => ({ vendorRecordId: `pr_new_${index}` }),
    },
    {
      ...get,
      title: 'DELETE /staff/:id/links/:vendor',
      method: 'DELETE',
      path: (index) => `/staff/new-${index}${LINK}`,
    },
    { ...get, title: 'GET /operations/:id', path: () => `/operations/${operationId}` },
    list(''),
    list('?status=active'),
    list('?linked=false'),
    { ...get, title: 'GET /readyz', path: () => '/readyz' },
  ];
}

function changesRoutes(size: number): LargeRoute[] {
  const of = (query: string) => ({
    title: `GET /changes?${query}`,
    group: 'changes' as const,
    method: 'GET' as const,
    path: () => `/changes?${query}`,
  });
  const oldest = Buffer.from(`below:${Math.round(size / 20)}`).toString('base64url');
  return [
    of('limit=50'),
    of('limit=500'),
    { ...of(`cursor=${oldest}`), title: 'GET /changes?cursor=…, among the oldest' },
    of('kind=all'),
    of('kind=link'),
    of('kind=switch'),
    of('staffId=st-7'),
    of('staffId=st-none'),
    of('caller=bench-north'),
    of('caller=retired-app'),
    of('caller=nobody'),
    of('outcome=failed'),
    of('outcome=unknown'),
    of(`vendor=${CLINICS.clinikapi.vendor}`),
    of('vendor=no-such'),
    {
      ...of('since=2026-01-01T00:10:00Z&until=2026-01-01T00:20:00Z'),
      title: 'GET /changes?since=…&until=…, ten minutes',
    },
    { ...of('until=2026-01-01T00:01:00Z'), title: 'GET /changes?until=…, the oldest minute' },
    { ...of('since=2030-01-01T00:00:00Z'), title: 'GET /changes?since=…, nothing' },
    of('caller=retired-app&outcome=failed'),
    of('staffId=st-7&outcome=unknown'),
    {
      ...of(`vendor=${CLINICS.clinikapi.vendor}&caller=nobody&outcome=failed&kind=all`),
      title: 'GET /changes?vendor=…&caller=nobody&outcome=failed&kind=all',
    },
    {
      ...of('until=2026-01-01T05:00:00Z'),
      title: 'GET /changes, 18,000 rows as a stream',
      group: 'streams',
      headers: () => ({ accept: 'application/x-ndjson' }),
      times: 2,
    },
  ];
}

/** On the ops port. */
function operatorsRoutes(size: number, operationId: string): LargeRoute[] {
  const { clinic } = CLINICS.clinikapi;
  const at = (path: string) => ({
    title: path,
    group: 'operators' as const,
    method: 'GET' as const,
    isOps: true as const,
    path: () => path,
  });
  const api = (path: string) => ({ ...at(`/console/api${path}`), title: `console ${path}` });
  return [
    at('/metrics'),
    api('/now'),
    api('/deliveries'),
    api('/deliveries?status=queued'),
    api('/deliveries?status=dead'),
    api('/deliveries?status=succeeded'),
    api('/deliveries?status=unclear'),
    api(`/deliveries?clinic=${clinic}`),
    api(`/deliveries?clinic=${clinic}&staffId=queued-7`),
    api(`/deliveries?staffId=queued-7`),
    { ...api(`/deliveries/${operationId}`), title: 'console /deliveries/:id' },
    api(`/staff/${clinic}/st-7`),
    api('/changes'),
    api('/changes?outcome=unknown'),
    api('/changes?caller=retired-app'),
    api('/changes?staffId=st-none'),
    api(`/changes?clinic=${clinic}`),
    api(`/changes?clinic=${clinic}&caller=nobody`),
    {
      ...api(`/changes?clinic=${clinic}&cursor=${Math.round(size / 20)}`),
      title: 'console /changes?clinic=…&cursor=…, among the oldest',
    },
    {
      ...api(`/changes/export?clinic=${clinic}`),
      title: 'console /changes/export, at most 100,000 rows',
      group: 'streams',
      times: 2,
    },
    {
      ...api('/changes/export?outcome=unknown'),
      title: 'console /changes/export of what is not there',
      group: 'streams',
      times: 2,
    },
    api('/connections'),
    api('/configuration'),
    api('/switch'),
    api(`/switch/${clinic}`),
  ];
}

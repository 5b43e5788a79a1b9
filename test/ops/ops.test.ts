/** Metrics, health, traces, drift, TLS, CORS: what those who run the gateway see, over real sockets. */
import { readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { get as httpsGet } from 'node:https';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { parser } from '@prometheus-io/lezer-promql';
import joi from 'joi';
import { generate } from 'selfsigned';
import { parse, stringify } from 'yaml';
import { adapters } from '../../adapters';
import { DriftWatch } from '../../src/connection/drift';
import { createLog } from '../../src/ops/log';
import { createMetrics } from '../../src/ops/metrics';
import { serve } from '../../src/serve';
import { KEYS, openStage, type Stage } from '../support/stage';
import { openWire } from '../support/wire';

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

async function open(options?: Parameters<typeof openStage>[0]): Promise<Stage> {
  stage = await openStage(options);
  return stage;
}

const ops = async (of: Stage, path: string, init?: RequestInit) => {
  const response = await fetch(of.gateway.opsUrl + path, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
};

/** The value of one series, undefined where it is not there. */
async function series(of: Stage, line: string): Promise<number | undefined> {
  const { text } = await ops(of, '/metrics');
  const found = text.split('\n').find((candidate) => candidate.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length + 1));
}

describe('metrics', () => {
  test('count requests, vendor calls and receipts, under their templates and names', async () => {
    const here = await open();
    await here.patch(KEYS.north, { role: 'nurse' });
    await here.patch(KEYS.south, { status: 'inactive' });
    await here.call('GET', '/staff/nobody-here');
    await here.call('GET', '/nowhere');
    await here.call('GET', '/staff/st-1', { key: 'wrong' });
    await here.patch(KEYS.north, { nationalId: '30999888' });
    const body = { vendorRecordId: 'pr_def456' };
    expect((await here.call('PUT', '/staff/st-2/links/clinikapi-main', { body })).status).toBe(201);
    const expected = {
      'gateway_requests_total{route="/staff/:id",method="PATCH",status="200",code="ok",clinic="north"}': 1,
      'gateway_requests_total{route="/staff/:id",method="PATCH",status="200",code="ok",clinic="south"}': 1,
      'gateway_requests_total{route="/staff/:id",method="GET",status="404",code="staff_not_found",clinic="north"}': 1,
      'gateway_requests_total{route="none",method="GET",status="404",code="not_found",clinic="none"}': 1,
      'gateway_requests_total{route="/staff/:id",method="GET",status="401",code="unauthenticated",clinic="none"}': 1,
      'gateway_requests_total{route="/staff/:id",method="PATCH",status="422",code="unsupported_field",clinic="north"}': 1,
      'gateway_request_duration_seconds_count{route="/staff/:id",method="PATCH"}': 3,
      'gateway_vendor_calls_total{connection="clinikapi-main",operation="write",outcome="ok"}': 1,
      'gateway_vendor_calls_total{connection="cobalt-main",operation="write",outcome="ok"}': 1,
      'gateway_vendor_calls_total{connection="cobalt-main",operation="read",outcome="ok"}': 1,
      'gateway_vendor_call_duration_seconds_count{connection="clinikapi-main",operation="write"}': 1,
      'gateway_receipt_outcomes_total{connection="clinikapi-main",outcome="verified"}': 1,
      'gateway_receipt_outcomes_total{connection="cobalt-main",outcome="verified"}': 1,
      'gateway_store_duration_seconds_count{operation="links_put"}': 1,
      'gateway_vendor_breaker_state{connection="cobalt-main",state="closed"}': 1,
      'gateway_vendor_breaker_state{connection="cobalt-main",state="open"}': 0,
      'gateway_vendor_calls_in_flight{connection="cobalt-main"}': 0,
      'gateway_vendor_calls_waiting{connection="cobalt-main"}': 0,
      gateway_requests_in_flight: 0,
      'gateway_queue_depth{state="queued"}': 0,
      gateway_queue_oldest_seconds: 0,
    };
    const found: Record<string, number | undefined> = {};
    for (const line of Object.keys(expected)) found[line] = await series(here, line);
    expect(found).toEqual(expected);
    const { text } = await ops(here, '/metrics');
    expect(text).toMatch(/^gateway_build_info\{version="\d+\.\d+\.\d+",node="v\d+[^"]*"\} 1$/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
    expect(text).toMatch(/^process_cpu_seconds_total /m);
  });

  test('a commit of the journal is timed once, however many updates it holds', async () => {
    const here = await open();
    const commits = async () =>
      (await series(here, 'gateway_store_duration_seconds_count{operation="journal_commit"}')) ?? 0;
    expect(await commits()).toBe(0);
    await here.patch(KEYS.north, { role: 'nurse' });
    // Before it is sent, and when it has ended.
    expect(await commits()).toBe(2);
    const spread = Array.from({ length: 12 }, (_, index) =>
      here.call('PUT', `/staff/st-many-${index}/links/clinikapi-main`, {
        body: { vendorRecordId: `pr_many_${index}` },
      }),
    );
    await Promise.all(spread);
    await Promise.all(
      spread.map((_, index) => here.patch(KEYS.north, { role: 'nurse' }, {}, `st-many-${index}`)),
    );
    const found = await commits();
    expect(found).toBeGreaterThan(2);
    expect(found).toBeLessThan(2 + 2 * 12);
    expect(
      await series(here, 'gateway_store_duration_seconds_bucket{le="+Inf",operation="journal_commit"}'),
    ).toBe(found);
  });

  test('a failing vendor is counted by what went wrong, and a held-back call has no latency', async () => {
    const here = await open({
      configure: (config) => {
        config.vendors['clinikapi-main'].readRetries = 0;
        config.vendors['clinikapi-main'].breaker = { failures: 1, openMs: 60_000 };
      },
    });
    here.clinikapi.faults.add({ kind: 'answer', status: 500 });
    await here.call('GET', '/staff/st-1');
    await here.call('GET', '/staff/st-1');
    const calls = 'gateway_vendor_calls_total{connection="clinikapi-main",operation="read"';
    expect(await series(here, `${calls},outcome="unavailable"}`)).toBe(1);
    expect(await series(here, `${calls},outcome="not_sent"}`)).toBe(1);
    const timed = 'gateway_vendor_call_duration_seconds_count{connection="clinikapi-main",operation="read"}';
    expect(await series(here, timed)).toBe(1);
    expect(await series(here, 'gateway_vendor_breaker_state{connection="clinikapi-main",state="open"}')).toBe(
      1,
    );
  });

  test('at debug each vendor call is logged with the status that the vendor gave, if it gave one', async () => {
    const here = await open({
      logLevel: 'debug',
      configure: (config) => {
        config.vendors['clinikapi-main'].readRetries = 0;
        config.vendors['clinikapi-main'].breaker = { failures: 1, openMs: 60_000 };
      },
    });
    await here.call('GET', '/staff/st-1', { headers: { 'x-request-id': 'a-read' } });
    here.clinikapi.faults.next({ kind: 'answer', status: 500 });
    await here.call('GET', '/staff/st-1');
    await here.call('GET', '/staff/st-1');
    const calls = here.lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'vendor call');
    const read = { vendor: 'clinikapi-main', operation: 'read' };
    expect(calls).toMatchObject([
      { ...read, requestId: 'a-read', outcome: 'ok', status: 200 },
      { ...read, requestId: 'a-read', outcome: 'ok', status: 200 },
      { ...read, outcome: 'unavailable', status: 500 },
      { ...read, outcome: 'not_sent' },
    ]);
    expect(calls[3]).not.toHaveProperty('status');
  });

  test('a fixed token that is not accepted is no session that has ended', async () => {
    const here = await open({
      configure: (config) => {
        config.vendors['vitalis-centro'].credentials = { token: 'never-given' };
      },
    });
    const { status, body } = await here.call('GET', '/staff/st-1', { key: KEYS.centro });
    expect([status, body.code]).toEqual([502, 'vendor_credentials_rejected']);
    const calls = 'gateway_vendor_calls_total{connection="vitalis-centro",operation="read"';
    expect(await series(here, `${calls},outcome="credentials_rejected"}`)).toBe(1);
    expect(await series(here, `${calls},outcome="session_expired"}`)).toBeUndefined();
  });

  test('no label holds an id, whatever is asked for', async () => {
    const here = await open();
    for (const path of [
      '/staff/canary-1',
      '/staff/canary-2/links/canary-3',
      '/canary-4',
      '/problems/canary-5',
    ]) {
      await here.call('GET', path);
    }
    await fetch(`${here.url}/staff/canary-6`, {
      method: 'PROPFIND',
      headers: { authorization: `Bearer ${KEYS.north}` },
    });
    const { text } = await ops(here, '/metrics');
    expect(text).not.toContain('canary');
    expect(text).not.toContain('PROPFIND');
    expect(text).toContain('method="other"');
  });

  test('each event is counted once, scraped in between or not', async () => {
    const metrics = createMetrics();
    for (let event = 0; event < 10; event += 1) {
      metrics.request({ route: '/staff/:id' }, 'PATCH', 200, event % 2 === 0 ? 3 : 30);
      if (event === 4) await metrics.text();
    }
    const labels = 'route="/staff/:id",method="PATCH"';
    for (const text of [await metrics.text(), await metrics.text()]) {
      expect(text).toContain(`gateway_requests_total{${labels},status="200",code="ok",clinic="none"} 10\n`);
      expect(text).toContain(`gateway_request_duration_seconds_bucket{le="0.005",${labels}} 5\n`);
      expect(text).toContain(`gateway_request_duration_seconds_count{${labels}} 10\n`);
      const sum = new RegExp(`gateway_request_duration_seconds_sum\\{${labels}\\} (\\S+)`).exec(text)?.[1];
      expect(Number(sum)).toBeCloseTo(0.165, 6);
    }
  });

  test('a reading that is no number is refused at once, and the scrape goes on', async () => {
    const metrics = createMetrics();
    metrics.store('links_find', 1);
    expect(() => metrics.store('links_find', Number.NaN)).toThrow(TypeError);
    expect(await metrics.text()).toContain(
      'gateway_store_duration_seconds_count{operation="links_find"} 1\n',
    );
  });

  test('a gauge whose reading fails is left out, and the others are there', async () => {
    const metrics = createMetrics();
    metrics.gauge('test_broken', 'Fails.', [], () => {
      throw new Error('canary');
    });
    metrics.gauge('test_fine', 'Works.', ['state'], async () => [{ labels: { state: 'a' }, value: 3 }]);
    const text = await metrics.text();
    expect(text).toContain('test_fine{state="a"} 3');
    expect(text).not.toMatch(/^test_broken/m);
    expect(text).not.toContain('canary');
  });
});

describe('the ops port', () => {
  test('serves metrics and health only, to GET and HEAD only, and the public port has no metrics', async () => {
    const here = await open();
    expect((await ops(here, '/healthz')).status).toBe(200);
    expect((await ops(here, '/metrics?x=1')).status).toBe(200);
    expect((await ops(here, '/metrics', { method: 'HEAD' })).text).toBe('');
    expect((await ops(here, '/metrics', { method: 'POST' })).status).toBe(405);
    expect((await ops(here, '/staff/st-1')).status).toBe(404);
    expect((await here.call('GET', '/metrics', { key: null })).status).toBe(404);
  });

  test('a vendor that is down is reported, and the gateway stays ready', async () => {
    const here = await open({
      configure: (config) => {
        config.vendors['clinikapi-main'].readRetries = 0;
        config.vendors['clinikapi-main'].breaker = { failures: 1, openMs: 60_000 };
      },
    });
    here.clinikapi.faults.add({ kind: 'answer', status: 500 });
    await here.call('GET', '/staff/st-1');
    const ready = {
      status: 'ready',
      checks: { config: 'ok', store: 'ok', process: 'ok' },
      configFile: 'ok',
      certificate: 'ok',
      vendors: { 'clinikapi-main': 'open', 'vitalis-centro': 'closed', 'cobalt-main': 'closed' },
    };
    const found = await ops(here, '/readyz');
    expect({ status: found.status, body: JSON.parse(found.text) }).toEqual({ status: 200, body: ready });
    // Which connections there are is nobody's business without a key.
    const { vendors: _, ...anyone } = ready;
    expect(await (await fetch(`${here.url}/readyz`)).json()).toEqual(anyone);
  });

  test('a configuration file that is refused is reported until it is corrected, and the gateway stays ready', async () => {
    const here = await open();
    const told = async () => {
      const { status, text } = await ops(here, '/readyz');
      const { status: word, configFile } = JSON.parse(text);
      // The public port says the same, as documented.
      expect((await here.call('GET', '/readyz', { key: null })).body.configFile).toBe(configFile);
      return [status, word, configFile, await series(here, 'gateway_config_reload_failed')];
    };
    const fine = [200, 'ready', 'ok', 0];
    expect(await told()).toEqual(fine);
    await here.rewrite('vendors: 1');
    await here.gateway.reload();
    expect(await told()).toEqual([200, 'ready', 'refused', 1]);
    await here.rewrite(here.config);
    await here.gateway.reload();
    expect(await told()).toEqual(fine);
  });

  test('while it is being stopped it is alive and not ready', async () => {
    const here = await open();
    const { opsUrl } = here.gateway;
    // A request that is under way keeps the gateway from ending.
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const arrived = new Promise<void>((resolve) => {
      here.clinikapi.faults.next({
        kind: 'hook',
        run: () => {
          resolve();
          return held;
        },
      });
    });
    const request = here.call('GET', '/staff/st-1');
    await arrived;
    const closing = here.gateway.close();
    const found = await fetch(`${opsUrl}/readyz`);
    expect(found.status).toBe(503);
    expect(await found.json()).toMatchObject({
      status: 'not ready',
      checks: { process: 'stopping', store: 'ok' },
    });
    expect((await fetch(`${opsUrl}/healthz`)).status).toBe(200);
    goOn();
    expect((await request).status).toBe(200);
    await closing;
    await expect(fetch(`${opsUrl}/healthz`)).rejects.toThrow('fetch failed');
  });
});

describe('traces', () => {
  const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
  const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
  const propagating = (config: Stage['config']) => {
    config.vendors['clinikapi-main'].propagateTrace = true;
  };
  const sent = (here: Stage) => here.clinikapi.log.map(({ headers }) => headers.traceparent);

  test('are carried on to the vendor with a span id of our own, where that is configured', async () => {
    const here = await open({ configure: propagating });
    await here.patch(KEYS.north, { role: 'nurse' }, { traceparent: PARENT, tracestate: 'a=canary' });
    await here.call('GET', '/staff/st-1', { headers: { traceparent: PARENT } });
    const seen = sent(here);
    expect(seen).toHaveLength(3);
    for (const header of seen) expect(header).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
    expect(new Set([...seen, PARENT]).size).toBe(4);
    expect(JSON.stringify(here.clinikapi.log)).not.toContain('canary');
  });

  test.each([
    ['none', undefined],
    ['a malformed one', `${PARENT}-x`],
    ['an all-zero trace', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
    ['an unknown version', PARENT.replace('00-', 'ff-')],
  ])('with %s nothing is made up', async (_name, traceparent) => {
    const here = await open({ configure: propagating });
    await here.call('GET', '/staff/st-1', { headers: traceparent === undefined ? {} : { traceparent } });
    expect(sent(here)).toEqual([undefined, undefined]);
  });

  test('stay here where it is not configured', async () => {
    const here = await open();
    await here.call('GET', '/staff/st-1', { headers: { traceparent: PARENT } });
    expect(sent(here)).toEqual([undefined, undefined]);
  });
});

describe('contract drift', () => {
  const drifts = (here: Stage) =>
    here.lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'vendor contract drift');

  test('is counted with every record and told once', async () => {
    const here = await open();
    const stored = here.vitalis.state.professionals.get(1);
    if (stored === undefined) throw new Error('the seed is there');
    here.vitalis.state.professionals.set({ ...stored, state: 'Jubilado' });
    for (const _ of [1, 2, 3]) await here.call('GET', '/staff/st-1', { key: KEYS.centro });
    const line = 'gateway_vendor_drift_total{connection="vitalis-centro",kind="unreadable_value"}';
    expect(await series(here, line)).toBe(3);
    expect(drifts(here)).toEqual([
      expect.objectContaining({ connection: 'vitalis-centro', kind: 'unreadable_value', name: '/status' }),
    ]);
    expect(here.lines.join('')).not.toContain('Jubilado');
  });

  test('a missing and a new member are found', async () => {
    const here = await open();
    const stored = here.vitalis.state.professionals.get(1);
    if (stored === undefined) throw new Error('the seed is there');
    const { phone: _, ...rest } = stored;
    here.vitalis.faults.add({
      kind: 'answer',
      status: 200,
      body: { professional: { ...rest, matricula: 'MN canary', 'Ana García 123': 1 } },
    });
    await here.call('GET', '/staff/st-1', { key: KEYS.centro });
    await here.call('GET', '/staff/st-1', { key: KEYS.centro });
    expect(drifts(here).map(({ kind, name }) => [kind, name])).toEqual([
      ['missing_key', 'phone'],
      ['new_key', 'matricula'],
      ['new_key', '(not a plain name)'],
    ]);
    expect(await series(here, 'gateway_vendor_drift_total{connection="vitalis-centro",kind="new_key"}')).toBe(
      4,
    );
    expect(here.lines.join('')).not.toMatch(/canary|García/);
  });

  test('the healthy sandboxes show none', async () => {
    const here = await open({ fhir: {} });
    for (const key of [KEYS.north, KEYS.centro, KEYS.south, KEYS.west]) {
      expect((await here.call('GET', '/staff/st-1', { key })).status).toBe(200);
    }
    expect(drifts(here)).toEqual([]);
  });

  test('is found in a further resource too, and told without its values', async () => {
    const here = await open();
    const person = here.clinikapi.state.practitioners.get('prac_abc123');
    if (person === undefined) throw new Error('the seed is there');
    const details = { ...person.details, gender: 'canary-gender', licence: 'canary-licence' };
    here.clinikapi.state.practitioners.set({ ...person, details });
    await here.call('GET', '/staff/st-1');
    expect(drifts(here).map(({ connection, kind, name }) => [connection, kind, name])).toEqual([
      ['clinikapi-main', 'new_key', 'licence'],
      ['clinikapi-main', 'unreadable_value', '/gender'],
    ]);
    expect(here.lines.join('')).not.toContain('canary');
  });

  test('elements of a newer FHIR are noticed, in either resource', async () => {
    const here = await open({ fhir: {} });
    const change = (type: 'PractitionerRole' | 'Practitioner', id: string, members: object) =>
      here.fhir?.state.change(type, id, (stored) => ({ ...stored, ...members }));
    await change('PractitionerRole', 'role-abc123', { availability: [{ id: 'a' }] });
    await change('Practitioner', 'prac-abc123', { deceasedBoolean: false, gender: 'diverse' });
    await here.call('GET', '/staff/st-1', { key: KEYS.west });
    expect(
      drifts(here)
        .map(({ connection, kind, name }) => [connection, kind, name])
        .sort(),
    ).toEqual([
      ['fhir-main', 'new_key', 'availability'],
      ['fhir-main', 'new_key', 'deceasedBoolean'],
      ['fhir-main', 'unreadable_value', '/gender'],
    ]);
  });

  test('a vendor that makes up names does not fill the log', () => {
    const noticed: string[] = [];
    const watch = new DriftWatch({
      counted: () => {},
      noticed: (_connection, _kind, name) => noticed.push(name),
    });
    const connection = {
      name: 'x',
      config: { adapter: 'x', propagateTrace: false },
    };
    const access = { recordShape: { always: [], sometimes: [] } };
    const letters = [...'abcdefghijklmnopqrstuvwxyz'];
    for (const a of letters) {
      watch.record(connection, Object.fromEntries(letters.map((b) => [a + b, 1])), access);
    }
    expect(noticed).toHaveLength(20);
  });
});

describe('the dashboard and the alert rules', () => {
  const root = join(__dirname, '../..');
  const dashboard = JSON.parse(readFileSync(join(root, 'ops/grafana-dashboard.json'), 'utf8'));
  const alerts = parse(readFileSync(join(root, 'ops/alerts.yaml'), 'utf8'));
  const expressions: { where: string; expr: string }[] = [
    ...dashboard.panels.flatMap((panel: { title: string; targets?: { expr: string }[] }) =>
      (panel.targets ?? []).map(({ expr }) => ({ where: `panel ${panel.title}`, expr })),
    ),
    ...alerts.groups.flatMap((group: { rules: { alert: string; expr: string }[] }) =>
      group.rules.map(({ alert, expr }) => ({ where: `alert ${alert}`, expr })),
    ),
  ];

  /** The names of metrics in an expression, or the place of its first error. */
  function metricsIn(expr: string): string[] {
    const text = expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*');
    const names: string[] = [];
    parser.parse(text).iterate({
      enter: (node) => {
        if (node.type.isError) throw new Error(`not PromQL at ${node.from}: ${text}`);
        const isMetric = node.name === 'Identifier' && node.matchContext(['VectorSelector']);
        if (isMetric) names.push(text.slice(node.from, node.to));
      },
    });
    return names;
  }

  test('the parser finds mistakes', () => {
    expect(() => metricsIn('sum by (le (rate(x[5m]))')).toThrow('not PromQL');
    expect(metricsIn('sum(rate(a_total{b="c"}[5m])) / d')).toEqual(['a_total', 'd']);
  });

  test.each(expressions)('$where uses metrics that exist', async ({ expr }) => {
    const here = await shared();
    const names = metricsIn(expr);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(here).toContain(name);
  });

  test('every metric of ours is on the dashboard', async () => {
    const used = new Set(expressions.flatMap(({ expr }) => metricsIn(expr)));
    const own = (await shared()).filter((name) => name.startsWith('gateway_') && !/_(sum|count)$/.test(name));
    const families = own.filter((name) => !own.includes(`${name}_bucket`));
    expect(families.filter((name) => !used.has(name))).toEqual([]);
  });

  /** Every name that a running gateway exposes: families, and the series of histograms. */
  let names: Promise<string[]> | undefined;
  function shared(): Promise<string[]> {
    names ??= (async () => {
      const here = await openStage();
      const { text } = await ops(here, '/metrics');
      await here.close();
      return [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
        type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      );
    })();
    return names;
  }

  test('the rules have the form that Prometheus wants', () => {
    const duration = joi.string().pattern(/^\d+(ms|s|m|h|d|w|y)$/);
    const rule = joi.object({
      alert: joi
        .string()
        .pattern(/^[A-Z][A-Za-z]+$/)
        .required(),
      expr: joi.string().required(),
      for: duration,
      labels: joi.object({ severity: joi.valid('page', 'ticket').required() }).required(),
      annotations: joi
        .object({ summary: joi.string().required(), description: joi.string().required() })
        .required(),
    });
    const schema = joi.object({
      groups: joi
        .array()
        .items(
          joi.object({
            name: joi.string().required(),
            interval: duration,
            rules: joi.array().items(rule).unique('alert').min(10).required(),
          }),
        )
        .unique('name')
        .required(),
    });
    expect(schema.validate(alerts).error).toBeUndefined();
  });

  test('the dashboard has the form that Grafana imports', () => {
    expect(dashboard).toMatchObject({
      title: expect.any(String),
      uid: expect.any(String),
      schemaVersion: 39,
    });
    const ids = dashboard.panels.map(({ id }: { id: number }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { type, title, gridPos, targets } of dashboard.panels) {
      expect(title).toMatch(/\S/);
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      if (type !== 'row') expect(targets.length).toBeGreaterThan(0);
    }
  });
});

describe('CORS', () => {
  const ORIGIN = 'https://app.example.org';
  const preflight = (here: Stage, origin: string) =>
    fetch(`${here.url}/staff/st-1`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PATCH' },
    });

  test('is off unless an origin is configured', async () => {
    const here = await open();
    const found = await preflight(here, ORIGIN);
    expect(found.headers.get('access-control-allow-origin')).toBeNull();
    expect(found.ok).toBe(false);
  });

  test('lets exactly the configured origins in, without cookies', async () => {
    const here = await open({
      configure: (config) => Object.assign(config.server, { cors: { origins: [ORIGIN] } }),
    });
    const allowed = await preflight(here, ORIGIN);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(allowed.headers.get('access-control-allow-methods')).toContain('PATCH');
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
    expect(allowed.headers.get('vary')).toMatch(/origin/i);
    const answered = await here.call('GET', '/staff/st-1', { headers: { origin: ORIGIN } });
    expect(answered.status).toBe(200);
    expect(answered.headers.get('access-control-expose-headers')).toContain('etag');
    for (const other of [`${ORIGIN}.evil.example`, 'null', ORIGIN.toUpperCase(), 'http://app.example.org']) {
      expect((await preflight(here, other)).headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});

test('helmet is on and the framework does not show itself', async () => {
  const here = await open();
  const { headers } = await here.call('GET', '/staff/st-1');
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-security-policy')).toContain("default-src 'self'");
});

describe('TLS', () => {
  const pem = (name: string) =>
    generate([{ name: 'commonName', value: name }], {
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    });

  /** The status of `/healthz`, with a connection that trusts nothing but `ca`. */
  function health(url: string, ca: string, client: { cert?: string; key?: string } = {}): Promise<number> {
    return new Promise((resolve, reject) => {
      httpsGet(`${url}/healthz`, { ca, agent: false, ...client }, (res) => {
        res.resume();
        resolve(res.statusCode ?? 0);
      }).on('error', reject);
    });
  }

  test('serves HTTPS, refuses old versions, and takes over a renewed certificate on reload', async () => {
    const [first, second] = [await pem('first'), await pem('second')];
    let certFile = '';
    let keyFile = '';
    // The stage speaks plain HTTP to the gateway, so this gateway is a second one beside it.
    const here = await open();
    certFile = join(here.folder, 'cert.pem');
    keyFile = join(here.folder, 'key.pem');
    await writeFile(certFile, first.cert);
    await writeFile(keyFile, first.private);
    const { secure, lines } = await secureGateway(here, { certFile, keyFile });
    try {
      expect(secure.url).toMatch(/^https:/);
      expect(await health(secure.url, first.cert)).toBe(200);
      await expect(health(secure.url, second.cert)).rejects.toThrow(/self-signed|unable to verify/);
      await expect(handshake(secure.url, first.cert, 'TLSv1.1')).rejects.toThrow();
      expect(await handshake(secure.url, first.cert, 'TLSv1.2')).toBe('TLSv1.2');

      await writeFile(certFile, second.cert);
      await writeFile(keyFile, second.private);
      await secure.reload();
      expect(await health(secure.url, second.cert)).toBe(200);
      expect(lines.join('')).toContain('certificate replaced');

      // A file that cannot be used leaves the certificate in use alone.
      await copyFile(certFile, keyFile);
      await secure.reload();
      expect(await health(secure.url, second.cert)).toBe(200);
      expect(lines.join('')).not.toContain('BEGIN');
    } finally {
      await secure.close();
    }
  });

  test('asks for a client certificate where that is configured', async () => {
    const [server, client, stranger] = [await pem('server'), await pem('client'), await pem('stranger')];
    const here = await open();
    const files = { certFile: 'cert.pem', keyFile: 'key.pem', clientCaFile: 'ca.pem' };
    const paths = Object.fromEntries(
      Object.entries(files).map(([key, name]) => [key, join(here.folder, name)]),
    );
    await writeFile(join(here.folder, 'cert.pem'), server.cert);
    await writeFile(join(here.folder, 'key.pem'), server.private);
    await writeFile(join(here.folder, 'ca.pem'), client.cert);
    const { secure } = await secureGateway(here, { ...paths, requireClientCert: true });
    try {
      expect(await health(secure.url, server.cert, { cert: client.cert, key: client.private })).toBe(200);
      await expect(health(secure.url, server.cert)).rejects.toThrow();
      await expect(
        health(secure.url, server.cert, { cert: stranger.cert, key: stranger.private }),
      ).rejects.toThrow();
    } finally {
      await secure.close();
    }
  });

  test('cuts off who does not secure a connection in time, and is filled by no number of them', async () => {
    const own = await pem('server');
    const here = await open({
      configure: ({ server }) => Object.assign(server, { headersTimeoutMs: 1_000, maxConnections: 8 }),
    });
    const paths = { certFile: join(here.folder, 'cert.pem'), keyFile: join(here.folder, 'key.pem') };
    await writeFile(paths.certFile, own.cert);
    await writeFile(paths.keyFile, own.private);
    const { secure } = await secureGateway(here, paths);
    try {
      const silent = await Promise.all(Array.from({ length: 20 }, () => openWire(secure.url)));
      expect(await health(secure.url, own.cert)).toBe(200);
      // Node's own limit is two minutes.
      await Promise.all(silent.map(({ ended }) => ended));
      expect(silent.map((wire) => wire.received())).toEqual(silent.map(() => ''));
    } finally {
      await secure.close();
    }
  });

  test('a certificate that is not there stops the start, by name', async () => {
    const here = await open();
    await expect(
      secureGateway(here, { certFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem' }),
    ).rejects.toThrow('server.tls.certFile: cannot be read (ENOENT)');
  });

  function handshake(url: string, ca: string, version: 'TLSv1.1' | 'TLSv1.2'): Promise<string | null> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = tlsConnect({
        host: hostname,
        port: Number(port),
        ca,
        minVersion: version,
        maxVersion: version,
      });
      socket.on('error', reject);
      socket.on('secureConnect', () => {
        resolve(socket.getProtocol());
        socket.destroy();
      });
    });
  }

  async function secureGateway(here: Stage, tls: object) {
    const configPath = join(here.folder, 'secure.yaml');
    const server = { ...here.config.server, tls };
    const store = { url: `sqlite:${join(here.folder, 'secure.db')}` };
    await writeFile(configPath, stringify({ ...here.config, server, store }));
    const lines: string[] = [];
    const log = createLog('info', { write: (line: string) => void lines.push(line) });
    return { secure: await serve({ configPath, env: {}, adapters, log }), lines };
  }
});

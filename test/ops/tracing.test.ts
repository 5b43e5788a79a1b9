/**
 * What `npm start` runs, in a process of its own: the bundle, and traces with a real SDK that is registered the way the
 * documentation says and finds the API inside it. Alone, it needs the bundle of `npm run build`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withOperators } from '../support/console';
import { type GatewayProcess, startGatewayProcess } from '../support/gatewayProcess';
import { KEYS, openStage, type Stage } from '../support/stage';
import { until } from '../support/until';

const ROOT = join(__dirname, '../..');
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER_SPAN = '00f067aa0ba902b7';

let stage: Stage;
let gateway: GatewayProcess;
let bundle: string;
beforeAll(async () => {
  bundle = process.env.GATEWAY_TEST_BUNDLE ?? join(ROOT, 'dist/bundle');
  stage = await openStage({
    configure: (config) => {
      config.vendors['clinikapi-main'].propagateTrace = true;
      withOperators(config);
      config.clinics.north = { vendor: 'clinikapi-main', identity: 'direct' };
    },
  });
  const page = await readFile(join(ROOT, 'docs', 'observability.md'), 'utf8');
  const setUp = /```js\n([\s\S]+?)```/.exec(page)?.[1] ?? '';
  expect(setUp).toContain('@opentelemetry/sdk-trace-node');
  const file = join(stage.folder, 'tracing.cjs');
  // The set-up is outside of the project here, and finds its packages in it.
  await writeFile(file, `module.paths.push(${JSON.stringify(join(ROOT, 'node_modules'))});\n${setUp}`);
  gateway = await startGatewayProcess(stage.configPath, ['--require', file], [join(bundle, 'gateway.js')]);
}, 60_000);
afterAll(async () => {
  await gateway?.kill();
  await stage.close();
});

test('the bundle knows its version and finds its files', async () => {
  const [document, page, metrics] = await Promise.all([
    fetch(`${gateway.url}/openapi.json`),
    fetch(`${gateway.url}/docs`),
    fetch(`${gateway.opsUrl}/metrics`),
  ]);
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  expect(await metrics.text()).toContain(`version="${version}"`);
  expect(await document.json()).toMatchObject({ openapi: '3.1.0' });
  const reference = /\/docs\/reference\.[\w-]+\.js/.exec(await page.text())?.[0] ?? '';
  const script = await fetch(gateway.url + reference);
  expect(script.status).toBe(200);
  expect(await script.text()).toBe(await readFile(join(bundle, 'reference.js'), 'utf8'));
  // The operators' page, with the parts that it names.
  const console = await (await fetch(`${gateway.opsUrl}/console/deliveries`)).text();
  const parts = console.match(/\/console\/assets\/[\w.-]+/g) ?? [];
  expect(parts).toHaveLength(3);
  for (const part of parts) {
    const { status, headers } = await fetch(gateway.opsUrl + part);
    expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
  }
});

test('a vendor call is a span below the caller’s, and the vendor hears of that span', async () => {
  stage.clinikapi.reset();
  const response = await fetch(`${gateway.url}/staff/pr_abc123`, {
    headers: { authorization: `Bearer ${KEYS.north}`, traceparent: `00-${TRACE}-${CALLER_SPAN}-01` },
  });
  expect(response.status).toBe(200);
  await until(
    () => Promise.resolve(gateway.output()),
    (text) => text.includes('vendor read'),
  );
  const output = gateway.output();
  expect(output).toContain(`traceId: '${TRACE}'`);
  expect(output).toMatch(new RegExp(`parentSpanContext: \\{[^}]*spanId: '${CALLER_SPAN}'`));
  const [version, traceId, spanId, flags] = String(stage.clinikapi.log[0]?.headers.traceparent).split('-');
  expect([version, traceId, flags]).toEqual(['00', TRACE, '01']);
  expect(output).toMatch(new RegExp(`\\bid: '${spanId}'`));
  expect(output).toContain(`'http.response.status_code': 200`);
});

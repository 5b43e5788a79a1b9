/** A repeat rule as PATCH takes it (cobalt.md section 2). */
export interface Recurrence {
  rec_start_date?: string;
  rec_end_date?: string;
  recur_interval_type?: string;
  recur_interval_amount?: number;
  recur_interval_description?: string;
}

/** One block of hours as it is stored: the members of PATCH, and what only the EHR sync fills in. */
export interface Shift {
  start: string;
  end: string;
  facility_id?: string;
  set_start_date?: string;
  set_end_date?: string;
  set_recur?: Recurrence;
  set_description?: string;
  visit_type_rules?: unknown[];
}

/** The shifts of one weekday. */
export interface DayHours {
  day: string;
  shifts: Shift[];
}

/** A provider as Cobalt caches it. */
export interface Provider {
  id: string;
  ehr_id: string;
  npi: string;
  name: string;
  timezone: string;
  status: string;
  hide_in_availability: boolean;
  hours: DayHours[];
}

/** A place where providers work. */
export interface Location {
  id: string;
  ehr_id: string;
  name: string;
  address: { address1: string; address2: string; city: string; state: string; zip: string };
  phone: string;
  fax: string;
  status: string;
}

const MAIN = '095f8067d3fc4e13b77132f87cd0c3f2';

export const PROVIDERS: readonly Provider[] = [
  {
    id: 'abc123def4567890abcdef1234567890',
    ehr_id: '99999',
    npi: '425345345',
    name: 'Doe, John',
    timezone: 'America/Phoenix',
    status: 'active',
    hide_in_availability: false,
    hours: [
      {
        day: 'Monday',
        shifts: [
          {
            start: 'T08:00:00',
            end: 'T12:00:00',
            facility_id: '095f8067-d3fc-4e13-b771-32f87cd0c3f2',
            set_start_date: '2025-11-13T00:00:00',
            set_end_date: '2026-11-13T00:00:00',
          },
        ],
      },
    ],
  },
  {
    id: 'bcd234efa5678901bcdefa2345678901',
    ehr_id: '88888',
    npi: '425345346',
    name: 'Example, Robin',
    timezone: 'America/Phoenix',
    status: 'inactive',
    hide_in_availability: false,
    hours: [],
  },
  // What only the EHR knows: a description, pre-allocated slots, a repeat rule without an end.
  {
    id: 'cde345fab6789012cdefab3456789012',
    ehr_id: '77777',
    npi: '425345347',
    name: 'Sample, Kim',
    timezone: 'America/New_York',
    status: 'active',
    hide_in_availability: false,
    hours: [
      {
        day: 'Wednesday',
        shifts: [
          {
            start: 'T09:00:00',
            end: 'T17:00:00',
            facility_id: MAIN,
            set_start_date: '2025-11-12T00:00:00',
            set_description: 'Regular clinic',
            set_recur: {
              rec_start_date: '2025-11-12T00:00:00',
              recur_interval_type: 'weeks',
              recur_interval_amount: 2,
              recur_interval_description: 'Every 2 weeks.',
            },
            visit_type_rules: [
              {
                start_time: 'T09:00:00',
                end_time: 'T10:00:00',
                total_visits: 3,
                visit_type_id: '10',
                visit_type_desc: 'New patient',
              },
            ],
          },
        ],
      },
    ],
  },
];

function location(id: string, ehrId: string, name: string, street: string): Location {
  return {
    id,
    ehr_id: ehrId,
    name,
    address: { address1: street, address2: '', city: 'Sunnyland', state: 'CA', zip: '23423' },
    phone: '2223334444',
    fax: '5556667777',
    status: 'active',
  };
}

export const LOCATIONS: readonly Location[] = [
  location(MAIN, '2452', 'Happy Clinic', '1234 Main St'),
  location('1a2b3c4d5e6f47a8b9c0d1e2f3a4b5c6', '2453', 'Hill Clinic', '5 Hill Rd'),
  location('2b3c4d5e6f7048b9a0c1d2e3f4a5b6c7', '2454', 'Lake Clinic', '9 Lake Ave'),
];

/**
 * Clínica Vitalis: a legacy system whose PATCH wants the whole professional record, all ten fields, and answers with it.
 * Its errors are Spanish sentences in two shapes; its reads turn national ids into numbers.
 */
import joi from 'joi';
import {
  type AdapterModule,
  type AdapterSettings,
  codeTable,
  entriesIn,
  GENDERS,
  isObject,
  listIn,
  member,
  namesBy,
  path,
  type ReferenceList,
  settings,
  textIn,
  type VendorRecord,
  type VendorRequest,
  wordTable,
} from '../../src/adapter';
import { errors } from './errors';
import { type Codes, fields, TITLE } from './fields';
import { availableTime, schedulesResource } from './schedules';

interface Settings extends Omit<AdapterSettings, 'codes'> {
  credentials: { token?: string; email?: string; password?: string };
  options: { tokenHeader?: 'authorization' | 'x-token' | 'both'; basePath?: string; schedules?: boolean };
  codes: Codes;
}

/** `{specialities: [{id, …}]}`, or a bare empty list (contract section 4). */
const specialityEntries: ReferenceList['entries'] = (body) =>
  entriesIn(
    member(body, 'specialities') ?? body,
    ['id'],
    (speciality) => textIn(speciality, 'state') === 'Inactiva',
  );

function idIn({ id }: VendorRecord): string | undefined {
  return typeof id === 'number' || typeof id === 'string' ? String(id) : undefined;
}

/** Tokens live for 4 hours (contract section 1); five minutes are left for clocks that differ and calls under way. */
const TOKEN_SECONDS = 4 * 3600 - 300;

export const vitalis: AdapterModule<Settings> = {
  name: 'vitalis',
  title: TITLE,
  settings: settings(
    joi
      .object({
        token: joi.string().description('JWT of an administrator. Either this, or email and password.'),
        email: joi
          .string()
          .email({ tlds: false })
          .description('Administrator who logs in; the session is renewed before its 4 hours are over.'),
        password: joi.string().min(6).description('Password of that administrator.'),
      })
      .xor('token', 'email')
      .and('email', 'password'),
    {
      tokenHeader: joi
        .valid('authorization', 'x-token', 'both')
        .default('authorization')
        .description(
          'Header that carries the token: Authorization (Bearer), as documented, x-token, or both.',
        ),
      basePath: joi
        .string()
        .allow('')
        .pattern(/^(\/[A-Za-z0-9_~-]+)*$/)
        .default('')
        .description('Path before /professionals, such as /api. Empty: none.'),
      schedules: joi
        .boolean()
        .default(true)
        .description('Whether the weekly hours (/work_schedules) are read and written too.'),
    },
    {
      specialty: codeTable(joi.number().integer().positive()).description(
        'Your codes of specialties, and their numbers at the vendor.',
      ),
      gender: wordTable(GENDERS).description(
        "The vendor's words for male, female, other and unknown: one, or a list of which the first is written and all are read, in any case. Absent: Masculino and Femenino only.",
      ),
    },
  ),
  verify: 'returned',

  connect({ credentials, options, codes }) {
    const { token, email, password } = credentials;
    const { tokenHeader = 'authorization', basePath = '', schedules = true } = options;
    const specialities: VendorRequest = { method: 'GET', path: `${basePath}/specialities` };
    return {
      writes: 'whole-record',
      answers: 'record',
      fields: fields(codes, schedules ? availableTime : undefined),
      errors,
      // Anything else that the vendor can turn into a number (`01`, `1e0`) would reach a record under a second name.
      recordId: /^[1-9]\d{0,15}$/,
      ...(token === undefined && {
        login: {
          request: { method: 'POST', path: `${basePath}/auth/login`, body: { email, password } },
          session: (body) => textIn(body, 'token'),
          lifetimeSeconds: TOKEN_SECONDS,
        },
      }),
      authorize: (session = token) => {
        if (session === undefined) return {};
        return {
          ...(tokenHeader !== 'x-token' && { authorization: `Bearer ${session}` }),
          ...(tokenHeader !== 'authorization' && { 'x-token': session }),
        };
      },
      read: (id) => ({ method: 'GET', path: basePath + path`/professionals/${id}` }),
      // No pages; rows have two members more than a record; a bare list if it is empty (contract section 4).
      list: {
        first: { method: 'GET', path: `${basePath}/professionals` },
        rows: (body) => listIn(member(body, 'professionals') ?? body),
      },
      write: (id, body) => ({ method: 'PATCH', path: basePath + path`/professionals/${id}`, body }),
      record: (body) => {
        const professional = member(body, 'professional');
        return isObject(professional) ? professional : undefined;
      },
      idOf: idIn,
      ...(schedules && { also: [schedulesResource(basePath, idIn)] }),
      ...(codes.specialty && {
        specialtyNames: { request: specialities, names: namesBy(codes.specialty, specialityEntries) },
      }),
      revision: (professional) => textIn(professional, 'updatedAt'),
      // Contract section 2; the two stamps are missing from the vendor's own document.
      recordShape: {
        always: [
          ...['id', 'name', 'surname', 'dni', 'birthdate', 'gender', 'address', 'phone', 'email'],
          ...['specialityID', 'state'],
        ],
        sometimes: ['createdAt', 'updatedAt'],
      },
      checks: {
        credentials: specialities,
        // The right is judged before the body, and the body before the id, which no record has (contract section 2).
        write: {
          request: { method: 'PATCH', path: `${basePath}/professionals/0`, body: {} },
          proof: ['rejected'],
        },
        lists: {
          specialty: {
            request: specialities,
            entries: specialityEntries,
          },
          gender: 'Clínica Vitalis takes any word for a gender',
        },
      },
    };
  },
};

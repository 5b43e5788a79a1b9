import { type RequestHandler, Router } from 'express';
import { reachCommit } from '../faultGate';
import type { Tools } from '../kit';
import { requireAdmin, requireToken } from './auth';
import { createChecks, ownerOfDni, updateChecks } from './professionalChecks';
import { asDateColumn, asIntegerColumn, endsLike, queryText } from './rules';
import type { Professional } from './seeds';
import type { VitalisState } from './store';
import { validate } from './validation';

/** The ten fields of a whole record, in the order of the vendor's columns. */
const FIELDS = [
  'name',
  'surname',
  'dni',
  'birthdate',
  'gender',
  'address',
  'phone',
  'email',
  'specialityID',
  'state',
] as const;

/** /professionals (vitalis.md sections 2 and 3). */
export function professionalRoutes(state: VitalisState, tools: Tools, now: () => number): Router {
  const router = Router();
  const token = requireToken(state);
  const admin = [token, requireAdmin(state)];
  router.get('/', token, list(state));
  router.get('/:id', token, read(state));
  router.post('/', admin, validate(createChecks(state), state), create(state, tools, now));
  router.patch('/:id', admin, validate(updateChecks(state), state), update(state, tools, now));
  return router;
}

function list(state: VitalisState): RequestHandler {
  return (request, response) => {
    const search = queryText(request.query.search);
    const filters = (['gender', 'specialityID', 'state'] as const).map(
      (field) => [field, queryText(request.query[field])] as const,
    );
    const all = state.professionals.all();
    const rows = all
      .filter((row) => filters.every(([field, wanted]) => !wanted || String(row[field]) === wanted))
      .filter(
        (row) => !search || [row.name, row.surname, `${row.dni}`].some((text) => endsLike(text, search)),
      );
    response.json({
      professionals: rows.map((row) => withRelations(row, state)),
      // Over the whole table, whatever the filter.
      countActives: all.filter((row) => row.state === 'Activo/a').length,
    });
  };
}

function withRelations(row: Professional, state: VitalisState) {
  const speciality = state.specialities.get(Number(row.specialityID));
  const schedules = state.schedules.all().filter((schedule) => schedule.professionalID === row.id);
  return {
    ...row,
    Especialidade: speciality ? { name: speciality.name } : null,
    Horarios_Trabajos: schedules.map(({ dayOfWeek, startTime, endTime }) => ({
      dayOfWeek,
      startTime,
      endTime,
    })),
  };
}

function read(state: VitalisState): RequestHandler<{ id: string }> {
  return (request, response) => {
    const row = state.professionals.get(Number(request.params.id));
    if (!row) return void response.status(404).json({ msg: 'No hay profesional cargado en el sistema' });
    response.json({ professional: present(row, state) });
  };
}

/** The document shows eleven members and always a number; the code adds two stamps (vitalis.md section 6). */
function present(row: object & { dni: unknown }, state: VitalisState): object {
  if (state.settings.dialect !== 'documented') return row;
  const shown = new Map<string, unknown>(Object.entries(row));
  for (const key of ['createdAt', 'updatedAt']) shown.delete(key);
  for (const key of ['dni', 'specialityID']) {
    const value = shown.get(key);
    if (typeof value === 'string') shown.set(key, asIntegerColumn(value));
  }
  return Object.fromEntries(shown);
}

/** A refused write: a row that breaks the unique index, or a value that the columns do not take. */
const SERVER_ERROR = { msg: 'Error del servidor' };

function update(state: VitalisState, tools: Tools, now: () => number): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const id = Number(request.params.id);
    if (Number.isNaN(id)) {
      return void response.status(400).json({ msg: 'Debe enviar un ID y debe ser numérico' });
    }
    const row = state.professionals.get(id);
    if (!row) return void response.status(404).json({ msg: 'El profesional no está cargado en el sistema' });

    const sent = sentFields(request.body);
    if (hasNestedText(sent)) return void response.status(500).json(SERVER_ERROR);
    const changed = [...sent].filter(([field, value]) => isChange(row, field, value));
    if (changed.length === 0) return void response.json({ professional: present(row, state) });

    await reachCommit(request);
    const updatedAt = new Date(now()).toISOString();
    const next = stored({ ...row, updatedAt }, changed);
    if (ownerOfDni(state, next.dni, row.id)) return void response.status(500).json(SERVER_ERROR);
    const answered = tools.commit(request, row, next, () => {
      // Only the changed columns are written: what somebody else changed meanwhile in another one stays.
      const current = state.professionals.get(row.id);
      if (current) state.professionals.set(stored({ ...current, updatedAt }, changed));
    });
    // The answer is the object in the vendor's memory: it shows the values in the type in which they were sent.
    const echo = answered === row ? row : { ...answered, ...echoed(changed) };
    response.json({ professional: present(echo, state) });
  };
}

function create(state: VitalisState, tools: Tools, now: () => number): RequestHandler {
  return (request, response) => {
    const sent = sentFields(request.body);
    if (hasNestedText(sent)) return void response.status(500).json(SERVER_ERROR);
    const stamp = new Date(now()).toISOString();
    const blank = {
      name: '',
      surname: '',
      dni: 0,
      birthdate: null,
      gender: '',
      address: '',
      phone: '',
      email: '',
    };
    const id = state.professionals.nextNumber();
    const next = stored(
      { ...blank, id, specialityID: 0, state: 'Activo/a', createdAt: stamp, updatedAt: stamp },
      [...sent],
    );
    tools.commit(request, next, next, state.professionals.set);
    // Sequelize lists the default first and the stamps last, the later one in front.
    const { state: rowState, createdAt, updatedAt, id: rowId, ...rest } = next;
    const shown = { state: rowState, id: rowId, ...rest, ...echoed([...sent]), updatedAt, createdAt };
    response.status(201).json({ professional: present(shown, state) });
  };
}

function sentFields(body: unknown): Map<string, unknown> {
  const sent = new Map(Object.entries(typeof body === 'object' && body !== null ? body : {}));
  return new Map(
    FIELDS.filter((field) => sent.get(field) !== undefined).map((field) => [field, sent.get(field)]),
  );
}

/** Sequelize refuses lists and objects for a text column; no validator of the route does. */
function hasNestedText(sent: Map<string, unknown>): boolean {
  return [...sent].some(
    ([field, value]) => field !== 'birthdate' && typeof value === 'object' && value !== null,
  );
}

/** Equal in value and type is no change, so no write and the same `updatedAt` (vitalis.md section 2). */
function isChange(row: Professional, field: string, value: unknown): boolean {
  const current = new Map<string, unknown>(Object.entries(row)).get(field);
  if (field !== 'birthdate') return current !== value;
  // An unreadable date is never equal to anything, not even to the null it was stored as.
  const date = asDateColumn(value);
  return date === null || date !== current;
}

/** The row with the sent values as the columns keep them. */
function stored(row: Professional, sent: ReadonlyArray<[string, unknown]>): Professional {
  const next = new Map<string, unknown>(sent);
  const text = (field: string, current: string): string =>
    next.has(field) ? String(next.get(field)) : current;
  const number = (field: string, current: string | number): string | number =>
    next.has(field) ? asIntegerColumn(scalar(next.get(field))) : current;
  return {
    id: row.id,
    name: text('name', row.name),
    surname: text('surname', row.surname),
    dni: number('dni', row.dni),
    birthdate: next.has('birthdate') ? asDateColumn(next.get('birthdate')) : row.birthdate,
    gender: text('gender', row.gender),
    address: text('address', row.address),
    phone: text('phone', row.phone),
    email: text('email', row.email),
    specialityID: number('specialityID', row.specialityID),
    state: text('state', row.state),
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}

function scalar(value: unknown): string | number {
  return typeof value === 'number' ? value : String(value);
}

/** The sent values as the answer repeats them: only dates are turned into the column's form. */
function echoed(sent: ReadonlyArray<[string, unknown]>): Record<string, unknown> {
  return Object.fromEntries(
    sent.map(([field, value]) => [field, field === 'birthdate' ? asDateColumn(value) : value]),
  );
}

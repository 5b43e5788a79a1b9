import { type Request, type RequestHandler, Router } from 'express';
import { reachCommit } from '../faultGate';
import type { Tools } from '../kit';
import { requireAdmin, requireToken } from './auth';
import { asDateColumn, asIntegerColumn, asTextColumn, WriteError } from './columns';
import { changedValues, type Model, type Values, valuesFor } from './model';
import { createChecks, updateChecks } from './professionalChecks';
import { endsLike, findByPk, integerIs, textIs } from './queries';
import type { Professional, Schedule } from './seeds';
import type { VitalisState } from './store';
import { validate } from './validation';
import { answerWriteErrors } from './writeErrors';

const MODEL: Model = {
  columns: [
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
  ],
  dates: ['birthdate'],
  defaults: { state: 'Activo/a' },
};

/** /professionals (vitalis.md sections 2 and 3). */
export function professionalRoutes(state: VitalisState, tools: Tools, now: () => number): Router {
  const router = Router();
  const token = requireToken(state);
  const admin = [token, requireAdmin(state)];
  router.get('/', token, list(state));
  router.get('/:id', token, read(state));
  router.post('/', admin, validate(createChecks(state), state), create(state, tools, now));
  router.patch('/:id', admin, validate(updateChecks(state), state), update(state, tools, now));
  router.use(answerWriteErrors());
  return router;
}

function list(state: VitalisState): RequestHandler {
  return ({ query }, response) => {
    const all = state.professionals.all();
    const rows = all.filter((row) => isFound(row, query));
    // Once for all rows: copying the table for each of very many takes longer than all else.
    const schedules = new Map<number | string, Schedule[]>();
    for (const schedule of state.schedules.all()) {
      const own = schedules.get(schedule.professionalID);
      if (own) own.push(schedule);
      else schedules.set(schedule.professionalID, [schedule]);
    }
    response.json({
      professionals: rows.map((row) => withRelations(row, state, schedules.get(row.id) ?? [])),
      // Over the whole table, whatever the filter.
      countActives: all.filter((row) => row.state === 'Activo/a').length,
    });
  };
}

/** An empty filter is none; one that is given twice finds the rows of either value. */
function isFound(row: Professional, { search, gender, specialityID, state }: Request['query']): boolean {
  const texts = [row.name, row.surname, `${row.dni}`];
  // Every condition is looked at, as SQLite parses the whole statement.
  const conditions = [
    !search || texts.some((text) => endsLike(text, search)),
    !gender || textIs(row.gender, gender),
    !specialityID || integerIs(row.specialityID, specialityID),
    !state || textIs(row.state, state),
  ];
  return !conditions.includes(false);
}

function withRelations(row: Professional, state: VitalisState, schedules: readonly Schedule[]) {
  const speciality = state.specialities.get(Number(row.specialityID));
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
    const row = findByPk(state.professionals.view(), request.params.id);
    if (!row) return void response.status(404).json({ msg: 'No hay profesional cargado en el sistema' });
    response.json({ professional: present(row, state) });
  };
}

/** The document shows eleven members and always a number; the code adds two stamps (vitalis.md section 6). */
function present(row: object & { dni?: unknown }, state: VitalisState): object {
  if (state.settings.dialect !== 'documented') return row;
  const shown = new Map<string, unknown>(Object.entries(row));
  for (const key of ['createdAt', 'updatedAt']) shown.delete(key);
  for (const key of ['dni', 'specialityID']) shown.set(key, asIntegerColumn(shown.get(key)));
  return Object.fromEntries(shown);
}

function update(state: VitalisState, tools: Tools, now: () => number): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const { id } = request.params;
    if (Number.isNaN(Number(id))) {
      return void response.status(400).json({ msg: 'Debe enviar un ID y debe ser numérico' });
    }
    const row = findByPk(state.professionals.all(), id);
    if (!row) return void response.status(404).json({ msg: 'El profesional no está cargado en el sistema' });
    const changed = changedValues(request, row, MODEL);
    if (changed.size === 0) return void response.json({ professional: present(row, state) });

    const updatedAt = new Date(now()).toISOString();
    const next = toRow(changed, { ...row, updatedAt });
    await reachCommit(request);
    refuseTaken(state, next);
    const answered = tools.commit(request, row, next, () => {
      // Only the changed columns are written: what somebody else changed meanwhile in another one stays.
      const current = state.professionals.get(row.id);
      if (current) state.professionals.set(toRow(changed, { ...current, updatedAt }));
    });
    // The answer is the object in the vendor's memory: it shows the values in the type in which they were sent.
    const shown = answered === row ? row : { ...answered, ...Object.fromEntries(changed) };
    response.json({ professional: present(shown, state) });
  };
}

function create(state: VitalisState, tools: Tools, now: () => number): RequestHandler {
  return async (request, response) => {
    await reachCommit(request);
    const { id, values } = valuesFor(request, MODEL, state.professionals, now());
    const next = { id, ...toRow(values) };
    refuseTaken(state, next);
    tools.commit(request, next, next, state.professionals.set);
    response.status(201).json({ professional: Object.fromEntries(values) });
  };
}

/** The unique index on the DNI: whoever writes second fails, although both passed the rules. */
function refuseTaken(state: VitalisState, { id, dni }: Professional): void {
  const taken = state.professionals.all().some((row) => row.dni === dni && row.id !== id);
  if (taken) throw new WriteError('the DNI is taken', { taken: true });
}

/** The record as the columns keep it; columns without a new value stay as they are. */
function toRow(values: Values, before: Professional): Professional;
function toRow(values: Values): Omit<Professional, 'id'>;
function toRow(values: Values, before?: Professional): Omit<Professional, 'id'> {
  const text = (name: 'name' | 'surname' | 'gender' | 'address' | 'phone' | 'email' | 'state') =>
    before && !values.has(name) ? before[name] : asTextColumn(values.get(name));
  const integer = (name: 'dni' | 'specialityID') =>
    before && !values.has(name) ? before[name] : asIntegerColumn(values.get(name));
  const date = (name: 'birthdate' | 'createdAt' | 'updatedAt') =>
    before && !values.has(name) ? before[name] : asDateColumn(values.get(name));
  return {
    ...before,
    name: text('name'),
    surname: text('surname'),
    dni: integer('dni'),
    birthdate: date('birthdate'),
    gender: text('gender'),
    address: text('address'),
    phone: text('phone'),
    email: text('email'),
    specialityID: integer('specialityID'),
    state: text('state'),
    createdAt: date('createdAt'),
    updatedAt: date('updatedAt'),
  };
}

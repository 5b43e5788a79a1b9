import { type Request, type RequestHandler, Router } from 'express';
import { reachCommit } from '../faultGate';
import type { Tools } from '../kit';
import { requireAdmin, requireToken } from './auth';
import { asDateColumn, asIntegerColumn, WriteError } from './columns';
import { changedValues, type Model, type Values, valuesFor } from './model';
import { required } from './professionalChecks';
import { findByPk, integerIs } from './queries';
import { isInt, isNotBefore } from './rules';
import type { Schedule } from './seeds';
import type { VitalisState } from './store';
import { bodyField, type Check, validate } from './validation';
import { answerWriteErrors } from './writeErrors';

const MODEL: Model = { columns: ['professionalID', 'dayOfWeek', 'startTime', 'endTime'] };

const TIME = /^([0-1]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$/;

/** /work_schedules: the hours, apart from the professional (vitalis.md section 4). There is no way to delete. */
export function scheduleRoutes(state: VitalisState, tools: Tools, now: () => number): Router {
  const router = Router();
  const token = requireToken(state);
  const admin = [token, requireAdmin(state)];
  router.get('/', token, list(state));
  router.get('/:id', token, read(state));
  router.post('/', admin, validate(createChecks(state), state), create(state, tools, now));
  router.patch('/:id', admin, validate(UPDATE_CHECKS, state), update(state, tools, now));
  router.use(
    answerWriteErrors({
      taken: {
        POST: 'El profesional ya tiene horarios configurados para este día.',
        PATCH: 'Ya existe otro bloque horario para ese día.',
      },
    }),
  );
  return router;
}

function list(state: VitalisState): RequestHandler {
  return ({ query }, response) => {
    const rows = state.schedules
      .all()
      .filter((row) => isFound(row, query))
      .sort(byDayAndStart);
    // "No hours" is a 404, not an empty list.
    if (rows.length === 0) {
      const msg = 'No se encontraron horarios con los filtros proporcionados';
      return void response.status(404).json({ msg });
    }
    response.json({ schedules: rows.map((row) => withProfessional(row, state)) });
  };
}

function isFound(row: Schedule, { professionalID, dayOfWeek }: Request['query']): boolean {
  const conditions = [
    !professionalID || integerIs(row.professionalID, professionalID),
    !dayOfWeek || integerIs(row.dayOfWeek, dayOfWeek),
  ];
  return !conditions.includes(false);
}

/** SQLite puts numbers before text. */
function byDayAndStart(left: Schedule, right: Schedule): number {
  return compare(left.dayOfWeek, right.dayOfWeek) || compare(left.startTime, right.startTime);
}

function compare(left: string | number, right: string | number): number {
  if (typeof left !== typeof right) return typeof left === 'number' ? -1 : 1;
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function withProfessional(row: Schedule, state: VitalisState) {
  const owner = state.professionals.get(Number(row.professionalID));
  return {
    ...row,
    Profesionale: owner ? { name: owner.name, surname: owner.surname, dni: owner.dni } : null,
  };
}

function read(state: VitalisState): RequestHandler<{ id: string }> {
  return (request, response) => {
    const row = findByPk(state.schedules.all(), request.params.id);
    if (!row) return void response.status(404).json({ msg: 'El horario no está cargando en el sistema' });
    response.json({ workSchedule: row });
  };
}

function create(state: VitalisState, tools: Tools, now: () => number): RequestHandler {
  return async (request, response) => {
    await reachCommit(request);
    const { id, values } = valuesFor(request, MODEL, state.schedules, now());
    const next = { id, ...toRow(values) };
    refuseBroken(state, next);
    tools.commit(request, next, next, state.schedules.set);
    response.status(201).json({ schedule: Object.fromEntries(values) });
  };
}

function update(state: VitalisState, tools: Tools, now: () => number): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const row = findByPk(state.schedules.all(), request.params.id);
    if (!row) return void response.status(404).json({ msg: 'El horario no existe en el sistema' });
    const changed = changedValues(request, row, MODEL);
    if (changed.size === 0) return void response.json({ schedule: row });

    const updatedAt = new Date(now()).toISOString();
    const next = toRow(changed, { ...row, updatedAt });
    await reachCommit(request);
    refuseBroken(state, next);
    const answered = tools.commit(request, row, next, state.schedules.set);
    const shown = answered === row ? row : { ...answered, ...Object.fromEntries(changed) };
    response.json({ schedule: shown });
  };
}

/** The unique index on professional and day, then the foreign key, which no rule of PATCH looks at before. */
function refuseBroken(state: VitalisState, wanted: Schedule): void {
  const taken = state.schedules
    .all()
    .some(
      (row) =>
        row.id !== wanted.id &&
        row.professionalID === wanted.professionalID &&
        row.dayOfWeek === wanted.dayOfWeek,
    );
  if (taken) throw new WriteError('the day is taken', { taken: true });
  if (!state.professionals.all().some((row) => row.id === wanted.professionalID)) {
    throw new WriteError('there is no such professional');
  }
}

/** The record as the columns keep it; columns without a new value stay as they are. */
function toRow(values: Values, before: Schedule): Schedule;
function toRow(values: Values): Omit<Schedule, 'id'>;
function toRow(values: Values, before?: Schedule): Omit<Schedule, 'id'> {
  const numeric = (name: 'professionalID' | 'dayOfWeek' | 'startTime' | 'endTime') =>
    before && !values.has(name) ? before[name] : asIntegerColumn(values.get(name));
  const date = (name: 'createdAt' | 'updatedAt') => (before ? before[name] : asDateColumn(values.get(name)));
  return {
    ...before,
    professionalID: numeric('professionalID'),
    dayOfWeek: numeric('dayOfWeek'),
    startTime: numeric('startTime'),
    endTime: numeric('endTime'),
    createdAt: date('createdAt'),
    updatedAt: date('updatedAt'),
  };
}

function createChecks(state: VitalisState): Check[] {
  const msg = 'El día debe ser un número entre 0 (Domingo) y 6 (Sábado)';
  return [
    required('professionalID', 'El ID del profesional es obligatorio'),
    {
      field: 'professionalID',
      msg: 'El profesional no existe',
      refuses: (value) =>
        findByPk(state.professionals.all(), value) ? undefined : `El profesional con ID ${value} no existe`,
    },
    ...blockChecks({ msg }),
  ];
}

function blockChecks(day: { msg: string; optional?: boolean }): Check[] {
  return [
    required('dayOfWeek', 'El día es obligatorio'),
    { ...day, field: 'dayOfWeek', holds: (text) => isInt(text, 0, 6) },
    required('startTime', 'La hora de inicio es obligatoria'),
    timeFormat('startTime'),
    required('endTime', 'La hora de fin es obligatoria'),
    timeFormat('endTime'),
    {
      field: 'endTime',
      msg: END_FIRST,
      // Compared as text: 9:00 is after 17:00.
      refuses(end, request) {
        const start = bodyField(request, 'startTime');
        return start && end && isNotBefore(start, end) ? END_FIRST : undefined;
      },
    },
  ];
}

const END_FIRST = 'La hora de finalización debe ser posterior a la hora de inicio';

/** A missing or empty time has no format: only "obligatorio" is said about it. */
function timeFormat(field: string): Check {
  const msg = 'El formato de hora debe ser HH:mm (Ej: 09:30)';
  return { field, msg, refuses: (value) => (value && !TIME.test(String(value)) ? msg : undefined) };
}

const UPDATE_CHECKS: readonly Check[] = [
  { field: 'id', msg: 'ID inválido', holds: (text) => isInt(text) },
  ...blockChecks({ msg: 'Día inválido (0-6)', optional: true }),
];

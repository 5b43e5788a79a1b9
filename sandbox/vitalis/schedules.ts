import { type Request, type RequestHandler, Router } from 'express';
import type { Tools } from '../kit';
import { requireAdmin, requireToken } from './auth';
import { required } from './professionalChecks';
import { asIntegerColumn, isEmpty, queryText, validatorText } from './rules';
import type { Schedule } from './seeds';
import type { VitalisState } from './store';
import { bodyField, type Check, failIf, validate } from './validation';

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
  return router;
}

function list(state: VitalisState): RequestHandler {
  return (request, response) => {
    const professional = queryText(request.query.professionalID);
    const day = queryText(request.query.dayOfWeek);
    const rows = state.schedules
      .all()
      .filter((row) => !professional || String(row.professionalID) === professional)
      .filter((row) => !day || String(row.dayOfWeek) === day)
      .sort(byDayAndStart);
    // "No hours" is a 404, not an empty list.
    if (rows.length === 0) {
      const msg = 'No se encontraron horarios con los filtros proporcionados';
      return void response.status(404).json({ msg });
    }
    response.json({ schedules: rows.map((row) => withProfessional(row, state)) });
  };
}

function byDayAndStart(left: Schedule, right: Schedule): number {
  const days = Number(left.dayOfWeek) - Number(right.dayOfWeek);
  if (days !== 0) return days;
  return left.startTime < right.startTime ? -1 : 1;
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
    const row = state.schedules.get(Number(request.params.id));
    if (!row) return void response.status(404).json({ msg: 'El horario no está cargando en el sistema' });
    response.json({ workSchedule: row });
  };
}

function create(state: VitalisState, tools: Tools, now: () => number): RequestHandler {
  return (request, response) => {
    const stamp = new Date(now()).toISOString();
    const sent = sentColumns(request);
    const row: Schedule = {
      id: state.schedules.nextNumber(),
      professionalID: asIntegerColumn(validatorText(sent.professionalID)),
      dayOfWeek: asIntegerColumn(validatorText(sent.dayOfWeek)),
      startTime: validatorText(sent.startTime),
      endTime: validatorText(sent.endTime),
      updatedAt: stamp,
      createdAt: stamp,
    };
    if (isTaken(state, row)) {
      const msg = 'El profesional ya tiene horarios configurados para este día.';
      return void response.status(409).json({ msg });
    }
    tools.commit(request, row, row, state.schedules.set);
    response.status(201).json({ schedule: { ...row, ...sent } });
  };
}

function update(state: VitalisState, tools: Tools, now: () => number): RequestHandler<{ id: string }> {
  return (request, response) => {
    const row = state.schedules.get(Number(request.params.id));
    if (!row) return void response.status(404).json({ msg: 'El horario no existe en el sistema' });
    const sent = sentColumns(request);
    const columns: Schedule = {
      ...row,
      professionalID:
        sent.professionalID === undefined
          ? row.professionalID
          : asIntegerColumn(validatorText(sent.professionalID)),
      dayOfWeek: asIntegerColumn(validatorText(sent.dayOfWeek)),
      startTime: validatorText(sent.startTime),
      endTime: validatorText(sent.endTime),
    };
    if (isTaken(state, columns)) {
      return void response.status(409).json({ msg: 'Ya existe otro bloque horario para ese día.' });
    }
    // Nothing checks this reference before the foreign key does.
    if (!state.professionals.get(Number(columns.professionalID))) {
      return void response.status(500).json({ msg: 'Error del servidor' });
    }
    const current = new Map<string, unknown>(Object.entries(row));
    const unchanged = Object.entries(sent).every(([column, value]) => current.get(column) === value);
    if (unchanged) return void response.json({ schedule: row });
    const next = { ...columns, updatedAt: new Date(now()).toISOString() };
    const answered = tools.commit(request, row, next, state.schedules.set);
    response.json({ schedule: answered === row ? row : { ...answered, ...sent } });
  };
}

interface SentColumns {
  professionalID?: unknown;
  dayOfWeek?: unknown;
  startTime?: unknown;
  endTime?: unknown;
}

function sentColumns(request: Request): SentColumns {
  const columns = ['professionalID', 'dayOfWeek', 'startTime', 'endTime'];
  const sent = columns.map((column) => [column, bodyField(request, column)] as const);
  return Object.fromEntries(sent.filter(([, value]) => value !== undefined));
}

function isTaken(state: VitalisState, wanted: Schedule): boolean {
  return state.schedules
    .all()
    .some(
      (row) =>
        row.id !== wanted.id &&
        row.professionalID === wanted.professionalID &&
        row.dayOfWeek === wanted.dayOfWeek,
    );
}

function createChecks(state: VitalisState): Check[] {
  return [
    required('professionalID', 'El ID del profesional es obligatorio'),
    {
      field: 'professionalID',
      msg: '',
      test: (value) =>
        !state.professionals.get(Number(value ?? Number.NaN)) && `El profesional con ID ${value} no existe`,
    },
    ...blockChecks('El día debe ser un número entre 0 (Domingo) y 6 (Sábado)'),
  ];
}

function blockChecks(badDay: string): Check[] {
  const badTime = 'El formato de hora debe ser HH:mm (Ej: 09:30)';
  return [
    required('dayOfWeek', 'El día es obligatorio'),
    { field: 'dayOfWeek', msg: badDay, test: (value) => failIf(!/^[0-6]$/.test(validatorText(value))) },
    required('startTime', 'La hora de inicio es obligatoria'),
    { field: 'startTime', msg: badTime, test: (value) => failIf(!TIME.test(validatorText(value))) },
    required('endTime', 'La hora de fin es obligatoria'),
    { field: 'endTime', msg: badTime, test: (value) => failIf(!TIME.test(validatorText(value))) },
    {
      field: 'endTime',
      msg: 'La hora de finalización debe ser posterior a la hora de inicio',
      // Compared as text: 9:00 is after 17:00.
      test(value, request) {
        const start = bodyField(request, 'startTime');
        return failIf(!isEmpty(value) && !isEmpty(start) && String(value) <= String(start));
      },
    },
  ];
}

const UPDATE_CHECKS: readonly Check[] = [
  // The text is in no source; the place and the status are.
  {
    field: 'id',
    location: 'params',
    msg: 'El ID debe ser numérico',
    test: (value) => failIf(!/^[+-]?\d+$/.test(validatorText(value))),
  },
  ...blockChecks('Día inválido (0-6)'),
];

import { type Request, type RequestHandler, Router } from 'express';
import { reachCommit } from '../faultGate';
import type { Tools } from '../kit';
import { requireAdmin, requireToken } from './auth';
import { asDateColumn, asTextColumn, WriteError } from './columns';
import { changedValues, type Model, type Values, valuesFor } from './model';
import { required } from './professionalChecks';
import { endsLike, findByPk, findWhere, textIs } from './queries';
import type { Speciality } from './seeds';
import type { VitalisState } from './store';
import { type Check, validate } from './validation';
import { answerWriteErrors } from './writeErrors';

const MODEL: Model = { columns: ['name', 'state'], defaults: { state: 'Activa' } };

/** /specialities (vitalis.md section 4). */
export function specialityRoutes(state: VitalisState, tools: Tools, now: () => number): Router {
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
    response.json({ specialities: state.specialities.all().filter((row) => isFound(row, query)) });
  };
}

function isFound(row: Speciality, { search, state }: Request['query']): boolean {
  const conditions = [!search || endsLike(row.name, search), !state || textIs(row.state, state)];
  return !conditions.includes(false);
}

function read(state: VitalisState): RequestHandler<{ id: string }> {
  return (request, response) => {
    const row = findByPk(state.specialities.all(), request.params.id);
    if (!row) return void response.status(404).json({ msg: 'No hay especialidad cargada en el sistema' });
    response.json({ speciality: row });
  };
}

function create(state: VitalisState, tools: Tools, now: () => number): RequestHandler {
  return async (request, response) => {
    await reachCommit(request);
    const { id, values } = valuesFor(request, MODEL, state.specialities, now());
    const next = { id, ...toRow(values) };
    refuseTaken(state, next);
    tools.commit(request, next, next, state.specialities.set);
    response.status(201).json({ speciality: Object.fromEntries(values) });
  };
}

function update(state: VitalisState, tools: Tools, now: () => number): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const { id } = request.params;
    if (Number.isNaN(Number(id))) {
      return void response.status(400).json({ msg: 'Debe enviar un ID y debe ser numérico' });
    }
    const row = findByPk(state.specialities.all(), id);
    if (!row) return void response.status(404).json({ msg: 'La especialidad no está cargado en el sistema' });
    const changed = changedValues(request, row, MODEL);
    if (changed.size === 0) return void response.json({ speciality: row });

    const next = toRow(changed, { ...row, updatedAt: new Date(now()).toISOString() });
    await reachCommit(request);
    refuseTaken(state, next);
    const answered = tools.commit(request, row, next, state.specialities.set);
    const shown = answered === row ? row : { ...answered, ...Object.fromEntries(changed) };
    response.json({ speciality: shown });
  };
}

function refuseTaken(state: VitalisState, { id, name }: Speciality): void {
  const taken = state.specialities.all().some((row) => row.name === name && row.id !== id);
  if (taken) throw new WriteError('the name is taken', { taken: true });
}

/** The record as the columns keep it; columns without a new value stay as they are. */
function toRow(values: Values, before: Speciality): Speciality;
function toRow(values: Values): Omit<Speciality, 'id'>;
function toRow(values: Values, before?: Speciality): Omit<Speciality, 'id'> {
  const text = (name: 'name' | 'state') =>
    before && !values.has(name) ? before[name] : asTextColumn(values.get(name));
  const date = (name: 'createdAt' | 'updatedAt') => (before ? before[name] : asDateColumn(values.get(name)));
  return {
    ...before,
    name: text('name'),
    state: text('state'),
    createdAt: date('createdAt'),
    updatedAt: date('updatedAt'),
  };
}

function createChecks(state: VitalisState): Check[] {
  return [
    required('name', 'El nombre es obligatorio'),
    {
      field: 'name',
      msg: 'El nombre ya está registrado',
      refuses: (name) => (ownerOfName(state, name) ? `${name} ya está registrado` : undefined),
    },
  ];
}

function updateChecks(state: VitalisState): Check[] {
  return [
    required('name', 'El nombre es obligatorio'),
    {
      field: 'name',
      msg: 'El nombre ya está en uso',
      refuses(name, request) {
        const owner = ownerOfName(state, name);
        return owner && owner.id !== Number(request.params.id) ? `${name} ya está en uso` : undefined;
      },
    },
    required('state', 'El estado es obligatorio'),
  ];
}

function ownerOfName(state: VitalisState, name: unknown): Speciality | undefined {
  return findWhere(state.specialities.all(), 'name', name, (row, wanted) => textIs(row.name, wanted));
}

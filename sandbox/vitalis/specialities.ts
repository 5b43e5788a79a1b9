import { type RequestHandler, Router } from 'express';
import type { Tools } from '../kit';
import { requireAdmin, requireToken } from './auth';
import { required } from './professionalChecks';
import { endsLike, isEmpty, queryText } from './rules';
import type { Speciality } from './seeds';
import type { VitalisState } from './store';
import { bodyField, type Check, validate } from './validation';

/** /specialities (vitalis.md section 4). */
export function specialityRoutes(state: VitalisState, tools: Tools, now: () => number): Router {
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
    const wanted = queryText(request.query.state);
    const rows = state.specialities.all();
    response.json({
      specialities: rows.filter(
        (row) => (!search || endsLike(row.name, search)) && (!wanted || row.state === wanted),
      ),
    });
  };
}

function read(state: VitalisState): RequestHandler<{ id: string }> {
  return (request, response) => {
    const row = state.specialities.get(Number(request.params.id));
    if (!row) return void response.status(404).json({ msg: 'No hay especialidad cargada en el sistema' });
    response.json({ speciality: row });
  };
}

function create(state: VitalisState, tools: Tools, now: () => number): RequestHandler {
  return (request, response) => {
    const stamp = new Date(now()).toISOString();
    const wanted = bodyField(request, 'state');
    const row: Speciality = {
      state: isEmpty(wanted) ? 'Activa' : String(wanted),
      id: state.specialities.nextNumber(),
      name: String(bodyField(request, 'name')),
      updatedAt: stamp,
      createdAt: stamp,
    };
    tools.commit(request, row, row, state.specialities.set);
    response.status(201).json({ speciality: row });
  };
}

function update(state: VitalisState, tools: Tools, now: () => number): RequestHandler<{ id: string }> {
  return (request, response) => {
    const id = Number(request.params.id);
    if (Number.isNaN(id)) {
      return void response.status(400).json({ msg: 'Debe enviar un ID y debe ser numérico' });
    }
    const row = state.specialities.get(id);
    if (!row) return void response.status(404).json({ msg: 'La especialidad no está cargado en el sistema' });
    const name = String(bodyField(request, 'name'));
    const newState = String(bodyField(request, 'state'));
    if (row.name === name && row.state === newState) return void response.json({ speciality: row });
    const next = { ...row, name, state: newState, updatedAt: new Date(now()).toISOString() };
    response.json({ speciality: tools.commit(request, row, next, state.specialities.set) });
  };
}

function createChecks(state: VitalisState): Check[] {
  return [
    required('name', 'El nombre es obligatorio'),
    {
      field: 'name',
      msg: '',
      test: (value) => hasName(state, value, Number.NaN) && `${value} ya está registrado`,
    },
  ];
}

function updateChecks(state: VitalisState): Check[] {
  return [
    required('name', 'El nombre es obligatorio'),
    {
      field: 'name',
      msg: '',
      test: (value, request) => hasName(state, value, Number(request.params.id)) && `${value} ya está en uso`,
    },
    required('state', 'El estado es obligatorio'),
  ];
}

function hasName(state: VitalisState, name: unknown, except: number): boolean {
  return state.specialities.all().some((row) => row.name === name && row.id !== except);
}

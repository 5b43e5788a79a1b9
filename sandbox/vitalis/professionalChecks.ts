import { asDateColumn, asIntegerColumn, hasLength, isEmail, isEmpty } from './rules';
import type { Professional } from './seeds';
import type { VitalisState } from './store';
import { type Check, failIf } from './validation';

const STATES = ['Activo/a', 'Inactivo/a', 'Licencia'];

/** Another professional than `except` who has this DNI, compared as the integer column compares. */
export function ownerOfDni(state: VitalisState, dni: unknown, except: number): Professional | undefined {
  if (typeof dni !== 'string' && typeof dni !== 'number') return undefined;
  const wanted = asIntegerColumn(dni);
  return state.professionals.all().find((row) => row.dni === wanted && row.id !== except);
}

/** A value that is there and not an empty text. */
export function required(field: string, msg: string): Check {
  return { field, msg, test: (value) => failIf(isEmpty(value)) };
}

/** The rules that POST and PATCH share. Those for `documented` alone have texts that no source gives. */
function commonChecks(state: VitalisState, dniTaken: Check): Check[] {
  return [
    required('name', 'El nombre es obligatorio'),
    required('surname', 'El apellido es obligatorio'),
    required('dni', 'El DNI es obligatorio'),
    { field: 'dni', msg: 'DNI no válido', test: (value) => failIf(!hasLength(value, 7)) },
    {
      field: 'dni',
      msg: 'WHERE parameter "dni" has invalid "undefined" value',
      test: (value, _request, dialect) => failIf(value === undefined && dialect !== 'documented'),
    },
    dniTaken,
    required('birthdate', 'La fecha de nacimiento es obligatoria'),
    {
      field: 'birthdate',
      msg: 'La fecha de nacimiento no es válida',
      test: (value, _request, dialect) =>
        failIf(dialect === 'documented' && !isEmpty(value) && !isIsoDate(value)),
    },
    required('gender', 'El genero es obligatorio'),
    required('address', 'La dirección es obligatoria'),
    required('phone', 'El teléfono es obligatorio'),
    {
      field: 'phone',
      msg: 'El teléfono debe tener entre 10 y 20 caracteres',
      test: (value) => failIf(!hasLength(value, 10, 20)),
    },
    {
      field: 'phone',
      msg: 'El teléfono solo puede contener números, guiones o espacios',
      test: (value) => failIf(!isEmpty(value) && !/^[0-9\s\-+]*$/.test(String(value))),
    },
    required('email', 'El email es obligatorio'),
    { field: 'email', msg: 'El email no es válido', test: (value) => failIf(!isEmail(value)) },
    required('specialityID', 'La especialidad es obligatoria'),
    {
      field: 'specialityID',
      msg: 'La especialidad no existe',
      test(value, _request, dialect) {
        if (specialityExists(state, value)) return false;
        return dialect === 'documented' ? true : `La especialidad con el id ${value} no existe`;
      },
    },
  ];
}

/** The rules of PATCH /professionals/:id, in route order (vitalis.md section 5). */
export function updateChecks(state: VitalisState): Check[] {
  const dniTaken: Check = {
    field: 'dni',
    msg: 'El DNI ya está registrado',
    test(value, request, dialect) {
      // `Number('abc')` equals no id, so with a bad id even the person's own DNI is "taken".
      if (!ownerOfDni(state, value, Number(request.params.id))) return false;
      return dialect === 'documented' ? true : `El DNI ${value} ya está en uso por otro profesional`;
    },
  };
  return [
    ...commonChecks(state, dniTaken),
    required('state', 'El estado es obligatorio'),
    {
      field: 'state',
      msg: 'El estado no es válido',
      test: (value, _request, dialect) =>
        failIf(dialect === 'documented' && !isEmpty(value) && !STATES.includes(String(value))),
    },
  ];
}

/** The rules of POST /professionals: the same without `state` (vitalis.md section 3). */
export function createChecks(state: VitalisState): Check[] {
  return commonChecks(state, {
    field: 'dni',
    msg: 'El DNI ya está registrado',
    test(value, _request, dialect) {
      if (!ownerOfDni(state, value, Number.NaN)) return false;
      return dialect === 'documented' ? true : `El DNI ${value} ya está registrado`;
    },
  });
}

function specialityExists(state: VitalisState, value: unknown): boolean {
  if (typeof value !== 'number' && typeof value !== 'string') return false;
  const id = asIntegerColumn(value);
  return typeof id === 'number' && state.specialities.get(id) !== undefined;
}

/** An ISO 8601 date, or date-time as the vendor itself prints it, that exists in the calendar. */
function isIsoDate(value: unknown): boolean {
  const day = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.exec(
    String(value),
  )?.[1];
  return day !== undefined && asDateColumn(day)?.slice(0, 10) === day;
}

import { asDateColumn } from './columns';
import { findByPk, findWhere, integerIs } from './queries';
import { hasLength, isEmail, isEmpty } from './rules';
import type { Professional } from './seeds';
import type { VitalisState } from './store';
import type { Check } from './validation';

const STATES = ['Activo/a', 'Inactivo/a', 'Licencia'];

/** Somebody who has this DNI already, looked up as the vendor's own rule does. */
function ownerOfDni(state: VitalisState, dni: unknown): Professional | undefined {
  return findWhere(state.professionals.all(), 'dni', dni, (row, wanted) => integerIs(row.dni, wanted));
}

/** A value that is there and not an empty text. */
export function required(field: string, msg: string): Check {
  return { field, msg, holds: (text) => text !== '' };
}

/** The rules that POST and PATCH share. Those for the document alone have texts that no source gives. */
function commonChecks(state: VitalisState, dniTaken: Check['refuses']): Check[] {
  return [
    required('name', 'El nombre es obligatorio'),
    required('surname', 'El apellido es obligatorio'),
    required('dni', 'El DNI es obligatorio'),
    { field: 'dni', msg: 'DNI no válido', holds: (text) => hasLength(text, 7) },
    {
      field: 'dni',
      msg: 'El DNI ya está registrado',
      refuses: (value, request, dialect) =>
        value === undefined && dialect === 'documented' ? undefined : dniTaken?.(value, request, dialect),
    },
    required('birthdate', 'La fecha de nacimiento es obligatoria'),
    {
      field: 'birthdate',
      msg: 'La fecha de nacimiento no es válida',
      onlyDocumented: true,
      holds: (text) => isEmpty(text) || isIsoDate(text),
    },
    required('gender', 'El genero es obligatorio'),
    required('address', 'La dirección es obligatoria'),
    required('phone', 'El teléfono es obligatorio'),
    {
      field: 'phone',
      msg: 'El teléfono debe tener entre 10 y 20 caracteres',
      holds: (text) => hasLength(text, 10, 20),
    },
    {
      field: 'phone',
      msg: 'El teléfono solo puede contener números, guiones o espacios',
      holds: (text) => /^[0-9\s\-+]*$/.test(text),
    },
    required('email', 'El email es obligatorio'),
    { field: 'email', msg: 'El email no es válido', holds: isEmail },
    required('specialityID', 'La especialidad es obligatoria'),
    {
      field: 'specialityID',
      msg: 'La especialidad no existe',
      refuses: (value) =>
        findByPk(state.specialities.all(), value)
          ? undefined
          : `La especialidad con el id ${value} no existe`,
    },
  ];
}

/** The rules of PATCH /professionals/:id, in route order (vitalis.md section 5). */
export function updateChecks(state: VitalisState): Check[] {
  return [
    ...commonChecks(state, (dni, request) => {
      const owner = ownerOfDni(state, dni);
      // `Number('abc')` equals no id, so with a bad id even the person's own DNI is "taken".
      if (!owner || owner.id === Number(request.params.id)) return undefined;
      return `El DNI ${dni} ya está en uso por otro profesional`;
    }),
    required('state', 'El estado es obligatorio'),
    {
      field: 'state',
      msg: 'El estado no es válido',
      onlyDocumented: true,
      holds: (text) => isEmpty(text) || STATES.includes(text),
    },
  ];
}

/** The rules of POST /professionals: the same without `state` (vitalis.md section 3). */
export function createChecks(state: VitalisState): Check[] {
  return commonChecks(state, (dni) =>
    ownerOfDni(state, dni) ? `El DNI ${dni} ya está registrado` : undefined,
  );
}

/** An ISO 8601 date, or date-time as the vendor itself prints it, that exists in the calendar. */
function isIsoDate(text: string): boolean {
  const day = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.exec(text)?.[1];
  return day !== undefined && asDateColumn(day)?.slice(0, 10) === day;
}

/** Every sentence that Vitalis answers GET and PATCH of a professional, and its login, with (contract sections 2, 3, 5). */
import type { FailureKind, IssueRule } from '../../src/adapter/contract';

/** A `{msg}` body. Its kind is decided by status and text together: a 404 is not always about the professional. */
interface PlainMessage {
  status: number;
  text: RegExp;
  kind: FailureKind;
  code: string;
  detail: string;
}

const gone = { kind: 'record_not_found', code: 'record_not_found' } as const;
const turnedAway = { kind: 'credentials_rejected', code: 'credentials_rejected' } as const;
const failed = {
  kind: 'unavailable',
  code: 'vendor_failed',
  detail: 'Clínica Vitalis reports an internal error.',
} as const;

export const PLAIN_MESSAGES: readonly PlainMessage[] = [
  {
    ...gone,
    status: 400,
    text: /^Debe enviar un ID y debe ser numérico$/,
    detail: 'Clínica Vitalis does not take this as an id of a professional.',
  },
  // The answers to PATCH and to GET differ.
  {
    ...gone,
    status: 404,
    text: /^El profesional no está cargado en el sistema$/,
    detail: 'Clínica Vitalis has no such professional.',
  },
  {
    ...gone,
    status: 404,
    text: /^No hay profesional cargado en el sistema$/,
    detail: 'Clínica Vitalis has no such professional.',
  },
  // Only this one is cured by a new login.
  {
    status: 401,
    text: /^Token no válido$/,
    kind: 'session_expired',
    code: 'session_expired',
    detail: 'The session at Clínica Vitalis is not valid any more.',
  },
  {
    ...turnedAway,
    status: 401,
    text: /^No hay token en la petición$/,
    detail: 'Clínica Vitalis saw no token in the header that it reads.',
  },
  {
    ...turnedAway,
    status: 401,
    text: /^El usuario no es un administrador$/,
    detail: 'The gateway’s user at Clínica Vitalis is not an administrator.',
  },
  // A 404 about the gateway's own user, not about the professional.
  {
    ...turnedAway,
    status: 404,
    text: /^El usuario no se encuentra en la DB$/,
    detail: 'The gateway’s user at Clínica Vitalis does not exist any more.',
  },
  {
    ...turnedAway,
    status: 404,
    text: /^No hay usuario confirmado$/,
    detail: 'The gateway’s user at Clínica Vitalis is not confirmed.',
  },
  {
    ...turnedAway,
    status: 400,
    text: /^No se encontró el email$/,
    detail: 'Clínica Vitalis has no user with the configured e-mail address.',
  },
  {
    ...turnedAway,
    status: 401,
    text: /^La contraseña es incorrecta$/,
    detail: 'Clínica Vitalis refuses the configured password.',
  },
  { ...failed, status: 500, text: /^Error del servidor$/ },
  { ...failed, status: 500, text: /^Error en el servidor$/ },
];

const required = { code: 'required', detail: 'Clínica Vitalis requires a value here.', safe: true } as const;
const unknownSpeciality = {
  code: 'unknown_code',
  detail: 'Clínica Vitalis has no such speciality.',
} as const;

/** Complaints about one field. Sentences that quote a value are matched by their fixed part and never shown. */
export const FIELD_MESSAGES: readonly IssueRule[] = [
  { key: 'name', text: /^El nombre es obligatorio$/, ...required },
  { key: 'surname', text: /^El apellido es obligatorio$/, ...required },
  { key: 'dni', text: /^El DNI es obligatorio$/, ...required },
  // An internal of the vendor's database layer that leaks where the DNI is missing (contract section 5).
  { key: 'dni', text: /^WHERE parameter "dni" has invalid/, ...required, safe: false },
  {
    key: 'dni',
    text: /^DNI no válido$/,
    code: 'too_short',
    detail: 'Clínica Vitalis wants at least 7 characters.',
    safe: true,
  },
  // `El DNI ya está registrado` of the document; `El DNI 22345678 ya está en uso por otro profesional` of the code.
  {
    key: 'dni',
    text: /^El DNI (.* )?ya está (registrado|en uso)/s,
    code: 'already_taken',
    detail: 'Another professional at Clínica Vitalis has this national id.',
    kind: 'conflict',
  },
  { key: 'birthdate', text: /^La fecha de nacimiento es obligatoria$/, ...required },
  { key: 'gender', text: /^El genero es obligatorio$/, ...required },
  { key: 'address', text: /^La dirección es obligatoria$/, ...required },
  { key: 'phone', text: /^El teléfono es obligatorio$/, ...required },
  {
    key: 'phone',
    text: /^El teléfono debe tener entre 10 y 20 caracteres$/,
    code: 'invalid_length',
    detail: 'Clínica Vitalis wants 10 to 20 characters.',
    safe: true,
  },
  {
    key: 'phone',
    text: /^El teléfono solo puede contener números, guiones o espacios$/,
    code: 'invalid_characters',
    detail: 'Clínica Vitalis takes digits, spaces, hyphens and plus signs only.',
    safe: true,
  },
  { key: 'email', text: /^El email es obligatorio$/, ...required },
  {
    key: 'email',
    text: /^El email no es válido$/,
    code: 'invalid_format',
    detail: 'Clínica Vitalis does not take this as an e-mail address.',
    safe: true,
  },
  { key: 'specialityID', text: /^La especialidad es obligatoria$/, ...required },
  { key: 'specialityID', text: /^La especialidad no existe$/, ...unknownSpeciality, safe: true },
  { key: 'specialityID', text: /^La especialidad con el id .* no existe$/s, ...unknownSpeciality },
  { key: 'state', text: /^El estado es obligatorio$/, ...required },
];

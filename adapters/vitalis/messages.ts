/** Every sentence that Vitalis answers GET and PATCH of a professional, and its login, with (contract sections 2, 3, 5). */
import type { IssueRule } from '../../src/adapter';

const gone = { kind: 'record_not_found', code: 'record_not_found', safe: true } as const;
const turnedAway = { kind: 'credentials_rejected', code: 'credentials_rejected', safe: true } as const;

/** A `{msg}` body. The sentence decides, not the status: a 404 is not always about the professional. */
export const PLAIN_MESSAGES: readonly IssueRule[] = [
  {
    ...gone,
    text: /^Debe enviar un ID y debe ser numérico$/,
    detail: 'Clínica Vitalis does not take this as an id of a professional.',
  },
  {
    ...gone,
    // The answers to PATCH and to GET differ.
    text: /^(El profesional no está|No hay profesional) cargado en el sistema$/,
    detail: 'Clínica Vitalis has no such professional.',
  },
  {
    // Only this one is cured by a new login.
    text: /^Token no válido$/,
    kind: 'session_expired',
    code: 'session_expired',
    detail: 'The session at Clínica Vitalis is no longer valid.',
    safe: true,
  },
  {
    ...turnedAway,
    text: /^No hay token en la petición$/,
    detail: 'Clínica Vitalis saw no token in the header that it reads.',
  },
  {
    ...turnedAway,
    text: /^El usuario no es un administrador$/,
    detail: 'The gateway’s user at Clínica Vitalis is not an administrator.',
  },
  {
    ...turnedAway,
    // A 404 about the gateway's own user, not about the professional; so is the next one.
    text: /^El usuario no se encuentra en la DB$/,
    detail: 'The gateway’s user at Clínica Vitalis no longer exists.',
  },
  {
    ...turnedAway,
    text: /^No hay usuario confirmado$/,
    detail: 'The gateway’s user at Clínica Vitalis is not confirmed.',
  },
  {
    ...turnedAway,
    text: /^No se encontró el email$/,
    detail: 'Clínica Vitalis has no user with the configured e-mail address.',
  },
  {
    ...turnedAway,
    text: /^La contraseña es incorrecta$/,
    detail: 'Clínica Vitalis refuses the configured password.',
  },
  {
    text: /^Error (del|en el) servidor$/,
    kind: 'unavailable',
    code: 'vendor_failed',
    detail: 'Clínica Vitalis reports an internal error.',
    safe: true,
  },
];

const required = { code: 'required', safe: true } as const;
const unknownSpeciality = {
  code: 'unknown_code',
  detail: 'Clínica Vitalis has no such speciality.',
} as const;

/** Complaints about one field. Sentences that quote a value are matched by their fixed part and never shown. */
export const FIELD_MESSAGES: readonly IssueRule[] = [
  { key: 'name', text: /^El nombre es obligatorio$/, ...required },
  { key: 'surname', text: /^El apellido es obligatorio$/, ...required },
  { key: 'dni', text: /^El DNI es obligatorio$/, ...required },
  // An internal of the vendor's database layer that leaks if the DNI is missing (contract section 5).
  { key: 'dni', text: /^WHERE parameter "dni" has invalid/, code: 'required' },
  {
    key: 'dni',
    text: /^DNI no válido$/,
    code: 'too_short',
    detail: 'Clínica Vitalis requires at least 7 characters.',
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
    detail: 'Clínica Vitalis requires 10 to 20 characters.',
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
  { key: 'schedules', text: /^(El día|La hora de (inicio|fin)) es obligatori[ao]$/, ...required },
  { key: 'schedules', text: /^El formato de hora debe ser HH:mm/, code: 'invalid_format' },
  {
    key: 'schedules',
    text: /^La hora de finalización debe ser posterior a la hora de inicio$/,
    code: 'rule_violated',
    detail: 'Clínica Vitalis wants the end of a block after its start.',
    safe: true,
  },
];

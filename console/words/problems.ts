/** What the codes of problems mean for an operator, and what to do. */
import type { Words } from './words';

export const PROBLEMS = {
  problem_vendor_unavailable: [
    'The vendor cannot be reached or says that it failed. See its connection; when it is well again, retry.',
    'No se llega al proveedor o dice que ha fallado. Mire su conexión; cuando esté bien, reintente.',
  ],
  problem_vendor_timeout: [
    'The vendor did not answer in time, so the update may have reached it. A retry reads before it writes.',
    'El proveedor no respondió a tiempo, así que el cambio pudo llegarle. Un reintento lee antes de escribir.',
  ],
  problem_vendor_rate_limited: [
    'The vendor asks for a pause. Wait, then retry; if it comes back, lower rateLimit of the connection.',
    'El proveedor pide una pausa. Espere y reintente; si vuelve a pasar, baje rateLimit de la conexión.',
  ],
  problem_vendor_credentials_rejected: [
    'The vendor refuses the gateway’s credentials. Check the connection, put good ones into the configuration, then retry.',
    'El proveedor rechaza las credenciales de la pasarela. Compruebe la conexión, ponga otras válidas en la configuración y reintente.',
  ],
  problem_vendor_unexpected_response: [
    'What the vendor answers cannot be understood. Look at its record whether the update is there before you retry.',
    'No se entiende lo que responde el proveedor. Mire en su registro si el cambio está antes de reintentar.',
  ],
  problem_vendor_rejected: [
    'The vendor has looked at the values and refused them. A retry would be refused too: the caller has to send others.',
    'El proveedor miró los valores y los rechazó. Un reintento también se rechazaría: quien llama debe enviar otros.',
  ],
  problem_write_not_confirmed: [
    'The vendor said that it was done, and its record shows other values. Look at the record there, then retry or discard.',
    'El proveedor dijo que estaba hecho y su registro muestra otros valores. Mire allí el registro; luego reintente o descarte.',
  ],
  problem_staff_not_found: [
    'No link leads from this id to the vendor, or the vendor has no such record any more. Put the link right, then retry.',
    'No hay enlace desde este id al proveedor, o el proveedor ya no tiene el registro. Corrija el enlace y reintente.',
  ],
  problem_conflict: [
    'It contradicts what is stored, for example a national id that somebody else has. The caller has to decide.',
    'Contradice lo guardado, por ejemplo un documento que ya tiene otra persona. Debe decidir quien llama.',
  ],
  problem_precondition_failed: [
    'The record has changed since the caller read it, so nothing was written. The caller has to read again.',
    'El registro ha cambiado desde que se leyó, así que no se escribió nada. Quien llama debe leerlo de nuevo.',
  ],
  problem_validation_failed: [
    'The values are not valid, so nothing was sent. The caller has to send others.',
    'Los valores no son válidos, así que no se envió nada. Quien llama debe enviar otros.',
  ],
  problem_unsupported_field: [
    'The vendor cannot hold one of the fields, so nothing was sent. See Capabilities.',
    'El proveedor no puede guardar uno de los campos, así que no se envió nada. Vea Capacidades.',
  ],
  problem_unmapped_code: [
    'A code has no counterpart at the vendor. Add it to codes of the connection, then retry.',
    'Un código no tiene equivalencia en el proveedor. Añádalo a codes de la conexión y reintente.',
  ],
  problem_not_clearable: [
    'The vendor has no way to empty the field, so nothing was sent. The caller has to send a value.',
    'El proveedor no puede vaciar el campo, así que no se envió nada. Quien llama debe enviar un valor.',
  ],
  problem_stored_value_invalid: [
    'A value that the vendor holds already stands in the way. It has to be put right there, then retry.',
    'Lo impide un valor que el proveedor ya guarda. Hay que corregirlo allí; luego reintente.',
  ],
  problem_clinic_is_moving: [
    'The clinic is moving to another vendor. Wait until it is there, then retry.',
    'La clínica se está moviendo a otro proveedor. Espere a que esté allí y reintente.',
  ],
  problem_gateway_unavailable: [
    'The gateway was too busy, or could not write what it was about to do. Nothing was sent: retry.',
    'La pasarela estaba demasiado ocupada, o no pudo anotar lo que iba a hacer. No se envió nada: reintente.',
  ],
  problem_internal_error: [
    'The gateway itself has failed. Give whoever looks after it the request id; a retry may fail again.',
    'Ha fallado la propia pasarela. Dé a quien la cuida el id de la petición; un reintento puede fallar otra vez.',
  ],
  problem_lease_expired: [
    'The process that delivered it has ended in the middle of it. A retry reads before it writes.',
    'El proceso que la entregaba terminó a la mitad. Un reintento lee antes de escribir.',
  ],
  problem_discarded: ['An operator has discarded it.', 'Un operador la ha descartado.'],
} as const satisfies Words;

/** One staff member’s story. */
import type { Words } from './words';

export const STAFF = {
  findStaff: [
    'Give the clinic and the staff id, to see links, queue and changes.',
    'Dé la clínica y el id, para ver enlaces, cola y cambios.',
  ],
  links: ['Links', 'Enlaces'],
  noLinks: [
    'No link leads from this id: its updates are refused until there is one. Find matches on the switch, or import links.',
    'No hay enlaces desde este id: sus cambios se rechazan hasta que haya uno. Busque parejas en el cambio de proveedor, o importe enlaces.',
  ],
  direct: ['This clinic uses the vendor’s own ids.', 'Esta clínica usa los ids del proveedor.'],
  inUse: ['in use', 'en uso'],
  queue: ['Queue', 'Cola'],
  noQueue: ['Nothing of this person is kept in the queue.', 'No hay nada de esta persona en la cola.'],
  unlink: ['Remove the link', 'Quitar el enlace'],
  unlinkAt: ['Remove the link at {name}', 'Quitar el enlace en {name}'],
  unlinkSure: ['Is {id} not {record} at {name}?', '¿{id} no es {record} en {name}?'],
  unlinkHelp: [
    'Only the link is removed, nothing at the vendor. Then find matches again to link the right record.',
    'Solo se quita el enlace, nada en el proveedor. Después busque parejas de nuevo para enlazar el registro correcto.',
  ],
  unlinked: [
    'The link at {name} is removed. Find matches on the switch to link the right record.',
    'El enlace en {name} se ha quitado. Busque parejas en el cambio de proveedor para enlazar el registro correcto.',
  ],
  toSwitch: ['To the switch of {clinic}', 'Al cambio de proveedor de {clinic}'],
} as const satisfies Words;

/** Sentences of the gateway that the page shows as they are, and the same in Spanish. */
export const IN_SPANISH: Readonly<Record<string, string>> = {
  'Nothing was suggested yet: find matches first.': 'Aún no se ha propuesto nada: busque parejas primero.',
  'Other work of this clinic is under way.': 'Hay otro trabajo de esta clínica en marcha.',
  'The clinic is at this connection: its updates need the link.':
    'La clínica está en esta conexión: sus cambios necesitan el enlace.',
  'The clinic is there already: choose the connection that it may move to.':
    'La clínica ya está allí: elija la conexión a la que puede ir.',
  'The gateway is just starting.': 'La pasarela está arrancando.',
  'There is no such link any more.': 'Ese enlace ya no existe.',
  'This work is not running any more.': 'Este trabajo ya no está en marcha.',
  'No staff id has this form.': 'Ningún id de persona tiene esta forma.',
  'The URL names nothing that the console has.': 'La dirección no nombra nada que tenga la consola.',
  'The configuration has no clinic of that name.':
    'La configuración no tiene ninguna clínica con ese nombre.',
  'The configuration has no connection of that name.':
    'La configuración no tiene ninguna conexión con ese nombre.',
  'The configuration has no such clinic, or no such connection.':
    'La configuración no tiene esa clínica, o no tiene esa conexión.',
  'There is no such delivery.': 'No existe esa entrega.',
  'The first request with this key is still under way.': 'La primera petición con esta clave sigue en curso.',
  'This key was sent before with a different request.': 'Esta clave se envió antes con otra petición.',
};

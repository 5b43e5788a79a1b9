/** The frame of the page: names of the screens, signing in and out, and what went wrong. */
import type { Words } from './words';

export const FRAME = {
  title: ['Directory gateway', 'Pasarela del directorio'],
  skip: ['Skip to the content', 'Saltar al contenido'],
  screens: ['Screens', 'Pantallas'],
  now: ['Now', 'Ahora'],
  deliveries: ['Deliveries', 'Entregas'],
  staff: ['A staff member', 'Una persona'],
  connections: ['Connections', 'Conexiones'],
  capabilities: ['Capabilities', 'Capacidades'],
  switch: ['Switch', 'Cambio de proveedor'],
  changes: ['Changes', 'Cambios'],
  configuration: ['Configuration', 'Configuración'],
  signIn: ['Sign in', 'Entrar'],
  signOut: ['Sign out', 'Salir'],
  signOutEverywhere: ['Sign out everywhere', 'Salir en todas partes'],
  signedInAs: ['Signed in as {name}', 'Sesión de {name}'],
  key: ['Your operator key', 'Su clave de operador'],
  keyHelp: [
    'The key whose SHA-256 stands under operators in the configuration.',
    'La clave cuyo SHA-256 está en operators en la configuración.',
  ],
  withProvider: ['Sign in with your organisation', 'Entrar con su organización'],
  wrongKey: ['This is not the key of an operator.', 'No es la clave de ningún operador.'],
  notAdmitted: [
    'Your organisation knows you, but no role here is yours. Ask whoever runs the gateway.',
    'Su organización le conoce, pero no tiene ningún papel aquí. Pregunte a quien opera la pasarela.',
  ],
  tooMany: [
    'Too many sign-ins have failed. Try again in {seconds} {seconds|second|seconds}.',
    'Demasiados intentos fallidos. Pruebe de nuevo en {seconds} {seconds|segundo|segundos}.',
  ],
  ended: ['Your session has ended. Sign in to go on.', 'Su sesión ha terminado. Entre para continuar.'],
  operator: ['operator', 'operador'],
  viewer: ['viewer', 'lector'],
  viewerNote: [
    'You may look at everything. Acting takes the role operator.',
    'Puede verlo todo. Para actuar hace falta el papel de operador.',
  ],
  language: ['Español', 'English'],
  loading: ['Loading…', 'Cargando…'],
  failed: [
    'The gateway has not answered as it should ({code}). It is asked again by itself. If this lasts, give whoever looks after it the request id {id}.',
    'La pasarela no ha respondido como debía ({code}). Se le vuelve a preguntar sola. Si dura, dé a quien la cuida el id de la petición {id}.',
  ],
  unreachable: [
    'The gateway cannot be reached. It is asked again by itself.',
    'No se llega a la pasarela. Se le vuelve a preguntar sola.',
  ],
  notFound: [
    'There is no such page. Choose a screen above.',
    'No existe esa página. Elija una pantalla arriba.',
  ],
  actUnreachable: [
    'The gateway cannot be reached, so nobody knows whether this was done. Look before you repeat it.',
    'No se llega a la pasarela, así que no se sabe si se hizo. Mírelo antes de repetirlo.',
  ],
  actFailed: [
    'The gateway has not answered as it should ({code}). Look whether this was done before you repeat it. Give whoever looks after the gateway the request id {id}.',
    'La pasarela no ha respondido como debía ({code}). Mire si se hizo antes de repetirlo. Dé a quien la cuida el id de la petición {id}.',
  ],
  actForbidden: [
    'This was refused: acting takes the role operator, and a page that belongs to your session. Load the page again; if it is refused again, ask whoever runs the gateway for the role.',
    'Se ha rechazado: para actuar hace falta el papel de operador y una página de su sesión. Vuelva a cargar la página; si se rechaza de nuevo, pida el papel a quien opera la pasarela.',
  ],
  busyNow: [
    'The gateway is too busy, or its store cannot be reached. It is asked again by itself.',
    'La pasarela está demasiado ocupada, o no se llega a su almacén. Se le vuelve a preguntar sola.',
  ],
  slower: [
    'That was too much at once. It works again in {seconds} {seconds|second|seconds}.',
    'Ha sido demasiado a la vez. Vuelve a funcionar en {seconds} {seconds|segundo|segundos}.',
  ],
} as const satisfies Words;

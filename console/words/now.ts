/** What needs a person now. */
import type { Words } from './words';

export const NOW = {
  nothingNow: ['Nothing needs you now.', 'Nada le necesita ahora.'],
  nothingNowHelp: [
    'No delivery is dead, every vendor is called, the configuration on disk is in use.',
    'No hay entregas muertas, se llama a todos los proveedores y la configuración del disco está en uso.',
  ],
  needsAct: ['Needs somebody', 'Necesita a alguien'],
  needsLook: ['Worth a look', 'Conviene mirarlo'],
  now_dead: [
    '{count} dead: no attempt gave a definite answer. Retry or discard {count|it|them}; later updates of the same {count|person wait|people wait}.',
    '{count} {count|muerta|muertas}: ningún intento dio una respuesta clara. {count|Reinténtela o descártela|Reinténtelas o descártelas}; los cambios siguientes de {count|esa persona|esas personas} esperan.',
  ],
  now_unclear: [
    '{count} unfinished {count|delivery|deliveries} may have reached the vendor in an attempt. The record is read before anything is written again: there is nothing to do but to wait.',
    '{count} {count|entrega sin terminar pudo|entregas sin terminar pudieron} llegar al proveedor en un intento. El registro se lee antes de volver a escribir: basta con esperar.',
  ],
  now_unknown_outcome: [
    'Clinic {name}: the callers of {count} {count|update|updates} were told in the last day that the outcome is unknown. Look whether the values are at the vendor.',
    'Clínica {name}: en el último día, {count} {count|cambio tuvo|cambios tuvieron} un resultado desconocido. Mire si los valores están en el proveedor.',
  ],
  now_breaker: [
    '{name}: calls are paused, because the vendor has been failing ({detail}).',
    '{name}: llamadas en pausa, porque el proveedor está fallando ({detail}).',
  ],
  now_config_refused: [
    'The configuration file on disk was refused; the one before it is in use. What is wrong with it stands under Configuration.',
    'El archivo de configuración del disco fue rechazado; sigue en uso el anterior. Lo que tiene mal está en Configuración.',
  ],
  now_certificate_refused: [
    'The certificate on disk was refused; the one before it is in use. Put a certificate and its own key there.',
    'El certificado del disco fue rechazado; sigue en uso el anterior. Ponga allí un certificado y su propia clave.',
  ],
  now_certificate_expires: [
    'The certificate of {name} is good until {detail}: renew it.',
    'El certificado de {name} vale hasta el {detail}: renuévelo.',
  ],
  now_store: [
    'The store cannot be written: no update can be taken. Look at the database and at the space on its disk.',
    'No se puede escribir en el almacén: no se puede aceptar ningún cambio. Mire la base de datos y el espacio de su disco.',
  ],
  now_late: [
    '{count} {count|delivery waits|deliveries wait}, the oldest for more than five minutes.',
    '{count} {count|entrega espera|entregas esperan}, la más antigua desde hace más de cinco minutos.',
  ],
  now_drift: [
    '{name}: what the vendor answers is not as its contract says ({detail}). Updates go on; tell whoever looks after the adapter.',
    '{name}: lo que responde el proveedor no es como dice su contrato ({detail}). Los cambios siguen; avise a quien cuida del adaptador.',
  ],
  now_mirror: [
    'Clinic {name}: the mirror lacks {count} {count|update|updates}, the oldest for {lag}.',
    'Clínica {name}: al espejo le {count|falta|faltan} {count} {count|cambio|cambios}, el más antiguo desde hace {lag}.',
  ],
  now_job_interrupted: [
    '{name}: work on the switch ({task}) was interrupted, because its gateway process has ended. Resume it, or begin another step.',
    '{name}: un trabajo del cambio ({task}) se interrumpió, porque terminó su proceso de la pasarela. Reanúdelo, o empiece otro paso.',
  ],
  now_job: [
    '{name}: work on the switch ({task}) is under way.',
    '{name}: hay trabajo del cambio de proveedor en marcha ({task}).',
  ],
  now_dead_because: [
    '{count} dead: no attempt gave a definite answer. Retry or discard {count|it|them}; later updates of the same {count|person wait|people wait}. The newest: {detail} ({name}).',
    '{count} {count|muerta|muertas}: ningún intento dio una respuesta clara. {count|Reinténtela o descártela|Reinténtelas o descártelas}; los cambios siguientes de {count|esa persona|esas personas} esperan. La más nueva: {detail} ({name}).',
  ],
  now_mirror_dead: [
    'Clinic {name}: the mirror lacks {count} {count|update, which is|updates, and some of them are} dead: retry {count|it|them} when its connection is well.',
    'Clínica {name}: al espejo le {count|falta|faltan} {count} {count|cambio, que está muerto: reinténtelo|cambios, y algunos están muertos: reinténtelos} cuando su conexión esté bien.',
  ],
} as const satisfies Words;

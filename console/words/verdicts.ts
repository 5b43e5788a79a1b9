/** What steps of a switch count. */
import type { Words } from './words';

export const VERDICTS = {
  verdict_linked: ['linked', 'enlazados'],
  verdict_missing: ['without a link there', 'sin enlace allí'],
  verdict_unlinked: ['records there of nobody', 'registros allí de nadie'],
  verdict_notFound: ['links to no record', 'enlaces a ningún registro'],
  verdict_accept: ['sure', 'seguras'],
  verdict_review: ['to be reviewed', 'por revisar'],
  verdict_none: ['nobody alike', 'nadie parecido'],
  verdict_rejected: ['rejected', 'rechazadas'],
  verdict_fits: ['can be copied', 'se puede copiar'],
  verdict_same: ['there already', 'ya está allí'],
  verdict_unmapped_code: ['code without a mapping there', 'código sin equivalencia allí'],
  verdict_unsupported: ['not held there', 'no se guarda allí'],
  verdict_not_expressible: ['cannot be expressed there', 'no se puede expresar allí'],
  verdict_blocked: ['something there is in the way', 'algo allí lo impide'],
  verdict_no_record: ['no record there', 'sin registro allí'],
  verdict_equal: ['the same', 'igual'],
  verdict_differs: ['another value there', 'otro valor allí'],
  verdict_only_here: ['empty there', 'vacío allí'],
  verdict_only_there: ['empty here', 'vacío aquí'],
  verdict_known_difference: ['cannot be held there', 'no cabe allí'],
  verdict_missing_there: ['no record there', 'sin registro allí'],
  verdict_unreadable: ['cannot be read', 'no se puede leer'],
} as const satisfies Words;

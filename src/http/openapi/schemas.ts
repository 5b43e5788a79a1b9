/** The schemas of what travels: the record and its update from the joi schemas, the rest from the lists that execute. */
import type { Part } from './joiSchema';
import { changeSchemas } from './schemas/changes';
import { linkSchemas } from './schemas/links';
import { clinicMeta } from './schemas/meta';
import { operationSchemas } from './schemas/operations';
import { object } from './schemas/parts';
import { problemSchemas } from './schemas/problems';
import { recordSchemas } from './schemas/record';
import { serviceSchemas } from './schemas/service';
import { staffSchemas } from './schemas/staff';

export function schemas(): Record<string, Part> {
  return {
    ...recordSchemas(),
    ...staffSchemas(),
    ...linkSchemas(),
    ...operationSchemas(),
    ...changeSchemas(),
    ...problemSchemas(),
    ...serviceSchemas(),
    ClinicMeta: object('About the answer.', clinicMeta),
  };
}

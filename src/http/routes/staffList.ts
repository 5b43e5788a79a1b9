import type { Request, Response } from 'express';
import Joi from 'joi';
import { requireScope } from '../../callers/callers';
import { othersAt } from '../../config/sharing';
import { type Cursor, readCursor } from '../../directory/cursor';
import type { StaffFilter } from '../../directory/filter';
import { folded } from '../../directory/fold';
import { type ListParts, listStaff } from '../../directory/list';
import { Problem } from '../../problem';
import { STATUSES } from '../../staff/fields';
import { withoutSeparators } from '../../staff/nationalId';
import { sendFhir, sendJson } from '../answer';
import { type Authenticated, authorized } from '../authentication';
import { prefersFhir } from '../fhir';
import { toBundle } from '../fhirBundle';
import { fieldMembers } from '../fields';
import { digits, queryOf, validQuery } from '../query';
import type { ReadTrail } from './staff';

const DEFAULT_LIMIT = 50;
const LARGEST_LIMIT = 200;

interface ListQuery extends StaffFilter {
  linked?: 'true' | 'false';
  limit?: number;
  cursor?: Cursor;
}

/** The query of `GET /staff`. */
export const staffQuerySchema = Joi.object<ListQuery>({
  q: Joi.string()
    .max(200)
    .custom(searchable)
    .description(
      'Part of a name: every word of it is part of the given or the family name. Case and accents do not matter.',
    ),
  status: Joi.string()
    .insensitive()
    .valid(...STATUSES)
    .description('Only staff with this status.'),
  nationalId: Joi.string()
    .max(60)
    .custom(nationalId)
    .description('Only the person with this national id, written with separators or without.'),
  email: Joi.string()
    .max(254)
    .custom(trimmed)
    .description('Only staff with this e-mail address, in any case.'),
  specialty: Joi.string().max(100).custom(trimmed).description('Only staff whose specialty has this code.'),
  linked: Joi.string()
    .valid('true', 'false')
    .description(
      '`false`: the vendor’s records that no staff id stands for, `id` is `null`. Needs the scope `links:write` too, and that no other clinic uses the vendor connection.',
    ),
  limit: Joi.number()
    .integer()
    .min(1)
    .max(LARGEST_LIMIT)
    .custom(digits)
    .description(`Records per page, 1 to ${LARGEST_LIMIT}; ${DEFAULT_LIMIT} if absent.`),
  cursor: Joi.string()
    .max(200)
    .custom(cursor)
    .description('`meta.nextCursor` of the page before, with the same filters. Good for five minutes.'),
});

/** `GET /staff`: the clinic's staff as its vendor holds them, by pages; as a searchset Bundle for `Accept: application/fhir+json`. */
export async function getStaffList(
  parts: ListParts & { reads: ReadTrail },
  req: Request,
  res: Response,
): Promise<void> {
  const authenticated = authorized(res, 'staff:read');
  const { caller, clinic, requestId } = authenticated;
  const { linked = 'true', limit = DEFAULT_LIMIT, cursor, ...filter } = validQuery(req, staffQuerySchema);
  if (linked === 'false') mayReadUnlinked(authenticated);
  const page = await listStaff(parts, {
    clinic,
    requestId,
    filter,
    linked: linked === 'true',
    limit,
    cursor,
    fresh: fieldMembers(req.headers['cache-control'] ?? '').some(({ name }) => name === 'no-cache'),
  });
  await parts.reads?.({
    ...{ clinic: clinic.name, caller: caller.name, requestId, staffId: '', vendorRecordId: null },
    ...{ vendor: clinic.connection.name, detail: { records: page.data.length } },
  });
  res.vary('accept');
  if (prefersFhir(req)) return sendFhir(res, toBundle(page, queryOf(req)), undefined);
  sendJson(res, 200, page);
}

/** Records without a link may be another clinic's. @throws Problem `forbidden` */
function mayReadUnlinked({ caller, clinic, generation }: Authenticated): void {
  requireScope(caller, 'links:write');
  const others = othersAt(generation.config.clinics, clinic.name, clinic.connection.name);
  if (others.length === 0) return;
  throw new Problem(
    'forbidden',
    'Other clinics use this vendor connection too, so its records without a link are not shown.',
  );
}

/** Spaces around it are nobody's. */
function trimmed(text: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport {
  const bare = text.normalize('NFC').trim();
  return bare === '' ? helpers.error('any.invalid') : bare;
}

function searchable(text: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport {
  return folded(text) === '' ? helpers.error('any.invalid') : text;
}

function nationalId(text: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport {
  return withoutSeparators(text) ?? helpers.error('any.invalid');
}

function cursor(text: string, helpers: Joi.CustomHelpers): Cursor | Joi.ErrorReport {
  return readCursor(text) ?? helpers.error('any.invalid');
}

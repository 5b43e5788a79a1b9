/** A page of the staff list as FHIR R4: a searchset Bundle of `PractitionerRole`s. */
import type { Bundle, BundleEntry, Identifier, OperationOutcome, PractitionerRole } from 'fhir/r4';
import type { StaffPage } from '../directory/list';
import type { Warning } from '../receipt';
import { toPractitionerRole, VENDOR_RECORD_ID } from './fhir';
import type { Query } from './query';

/** @param query of the request, from which the links are made */
export function toBundle(
  { data, meta }: StaffPage,
  query: Query,
): Bundle<PractitionerRole | OperationOutcome> {
  const general = meta.warnings.filter(({ pointer }) => pointer === undefined);
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    meta: { lastUpdated: meta.asOf },
    total: meta.total,
    link: [
      { relation: 'self', url: urlOf(query) },
      ...(meta.nextCursor === null
        ? []
        : [{ relation: 'next', url: urlOf({ ...query, cursor: meta.nextCursor }) }]),
    ],
    ...entriesOf([
      ...data.map(
        (record, index): BundleEntry<PractitionerRole> => ({
          resource: withVendorId(record, toPractitionerRole(record, warningsOf(index, meta.warnings))),
          search: { mode: 'match' },
        }),
      ),
      ...(general.length > 0 ? [outcome(general)] : []),
    ]),
  };
}

function withVendorId(
  { vendorRecordId }: Readonly<Record<string, unknown>>,
  role: PractitionerRole,
): PractitionerRole {
  if (typeof vendorRecordId !== 'string') return role;
  const own: Identifier = { use: 'secondary', system: VENDOR_RECORD_ID, value: vendorRecordId };
  return { ...role, identifier: [...(role.identifier ?? []), own] };
}

/** FHIR has no empty lists. */
function entriesOf<Entry>(entry: Entry[]): { entry?: Entry[] } {
  return entry.length === 0 ? {} : { entry };
}

/** Relative to the server, whose address the callers know and it does not. */
function urlOf(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) parameters.set(name, String(value));
  return parameters.size === 0 ? '/staff' : `/staff?${parameters}`;
}

/** Of one record, with the pointers of a single record's. */
function warningsOf(index: number, warnings: readonly Warning[]): Warning[] {
  const before = `/${index}/`;
  return warnings.flatMap(({ pointer, ...rest }) =>
    pointer?.startsWith(before) ? [{ ...rest, pointer: pointer.slice(before.length - 1) }] : [],
  );
}

/** What is to be said about the search as a whole. */
function outcome(warnings: readonly Warning[]): BundleEntry<OperationOutcome> {
  return {
    resource: {
      resourceType: 'OperationOutcome',
      issue: warnings.map(({ detail }) => ({
        severity: 'warning',
        code: 'incomplete',
        diagnostics: detail,
      })),
    },
    search: { mode: 'outcome' },
  };
}

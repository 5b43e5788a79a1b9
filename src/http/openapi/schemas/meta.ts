/** What answers say about themselves. */
import { listOf, ref, text } from './parts';

export const readMeta = {
  requestId: text('The `X-Request-Id` of the answer.'),
  clinic: text('The caller’s clinic.'),
  vendor: text('Name of the vendor connection that holds the record.'),
  vendorRecordId: text('The vendor’s own id of the record.'),
  warnings: listOf(ref('Warning'), 'Empty if there is nothing to report.'),
};

/** Of answers that no vendor has a part in. */
export const clinicMeta = { requestId: readMeta.requestId, clinic: readMeta.clinic };

/**
 * The match review: pairs that a person has to look at, with what both sides show of them. The only place of the console with
 * personal values: for operators, each look with a row in the audit.
 */
import Joi from 'joi';
import { Problem } from '../problem';
import { createRejectedPairs } from '../store/rejectedPairs';
import { type Call, pathParameter, type Route, route } from './route';
import { note, type Place } from './switchTrail';

/** As many as anybody looks at in one go. */
const MOST_SHOWN = 50;
const MOST_DECIDED = 500;

const connection = Joi.string().max(64).required().description('Where the clinic may move.');

const show = route({
  method: 'POST',
  path: '/switch/:clinic/review',
  access: 'operator',
  shows: true,
  summary:
    'Suggested pairs that wait for a person, with what both sides show of them. Each look is in the audit.',
  body: Joi.object<{ connection: string }>({ connection }),
  work: async (call) => {
    const place = placeOf(call);
    const open = call.parts.reviews.of(place.name, place.connection);
    if (open === undefined) throw new Problem('conflict', 'Nothing was suggested yet: find matches first.');
    const review = open.filter(({ decision }) => decision === 'review');
    const shown = review.slice(0, MOST_SHOWN);
    await note(call, place, 'review', { shown: shown.length });
    const rows = shown.map(({ staffId, vendorRecordId, confidence, reasons, here, there }) => ({
      ...{ staffId, vendorRecordId, confidence, reasons, here, there },
    }));
    // What two identifiers prove needs no values to be accepted.
    const sure = open
      .filter(({ decision }) => decision === 'accept')
      .map(({ staffId, vendorRecordId, reasons }) => ({ staffId, vendorRecordId, reasons }));
    return { body: { data: { rows, left: review.length, sure } } };
  },
});

interface Decision {
  staffId: string;
  vendorRecordId: string;
  decision: 'accept' | 'reject';
}

const decide = route({
  method: 'POST',
  path: '/switch/:clinic/decide',
  access: 'operator',
  summary: 'Accept or reject exactly these suggested pairs. Who is accepted is linked.',
  body: Joi.object<{ connection: string; decisions: Decision[] }>({
    connection,
    decisions: Joi.array()
      .items(
        Joi.object({
          staffId: Joi.string().max(128).required().description('The staff member.'),
          vendorRecordId: Joi.string().max(200).required().description('The record there.'),
          decision: Joi.string().valid('accept', 'reject').required().description('What it is.'),
        }),
      )
      .min(1)
      .max(MOST_DECIDED)
      .required()
      .description('Exactly the pairs that are meant.'),
  }),
  work: async (call) => {
    const place = placeOf(call);
    const results: (Decision & { result: string })[] = [];
    for (const decision of call.body.decisions) {
      results.push({ ...decision, result: await carryOut(call, place, decision) });
    }
    const count = (kind: string) =>
      results.filter(({ decision, result }) => decision === kind && result === 'done').length;
    const done = { accepted: count('accept'), rejected: count('reject') };
    await note(call, place, 'decide', done);
    return { body: { data: { ...done, failed: results.length - done.accepted - done.rejected, results } } };
  },
});

/** Only what was suggested: nobody is linked to a record that was never seen. */
async function carryOut(
  { parts: { reviews, links, database }, by }: Pick<Call, 'parts' | 'by'>,
  { name, connection: vendor }: Place,
  { staffId, vendorRecordId, decision }: Decision,
): Promise<string> {
  const pair = { staffId, vendorRecordId };
  if (reviews.find(name, vendor, pair) === undefined) return 'not_found';
  const link = { clinic: name, staffId, vendor, vendorRecordId };
  const linked = await links.find(name, staffId, vendor);
  // Suggested is only who had no link. Whoever has one by now was looked at by somebody else.
  if (decision === 'accept' && linked !== undefined && linked !== vendorRecordId) return 'taken';
  if (decision === 'reject') await createRejectedPairs(database).add([link]);
  else if ('conflict' in (await links.put(link, { checked: true, by }))) return 'taken';
  reviews.close(name, vendor, pair);
  return 'done';
}

function placeOf({ req, parts, body }: Call<unknown, { connection: string }>): Place {
  const name = pathParameter(req, 'clinic');
  const { clinics, connections } = parts.runtime.current;
  if (clinics.has(name) && connections.has(body.connection)) return { name, connection: body.connection };
  throw new Problem('not_found', 'The configuration has no such clinic, or no such connection.');
}

export const REVIEW_ROUTES: readonly Route[] = [show, decide];

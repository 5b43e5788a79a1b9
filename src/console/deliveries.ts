/** Deliveries: what waits, what nobody could deliver, and what an operator decides about exactly the chosen ones. */
import Joi from 'joi';
import { digits } from '../http/query';
import { PROBLEMS, Problem } from '../problem';
import { OPERATION_STATUSES, type OperationFilter, type OperationStatus } from '../store/operation';
import { countOperations, type ListedOperation, pageOfOperations } from '../store/operationList';
import { REDRIVEN_FROM, type RedriveKind } from '../store/operatorQueue';
import { type ConsoleParts, pathParameter, type Route, route } from './route';

interface Filters {
  status?: OperationStatus | 'unclear';
  clinic?: string;
  staffId?: string;
  cursor?: number;
  limit: number;
}

const query = Joi.object<Filters>({
  status: Joi.string()
    .valid(...OPERATION_STATUSES, 'unclear')
    .description(
      'Only those. `unclear`: unfinished, and an attempt may have reached the vendor. Absent: all that waits, is dead or has failed.',
    ),
  clinic: Joi.string().max(64).description('Only those of this clinic.'),
  staffId: Joi.string().max(128).description('Only those of this staff member.'),
  cursor: Joi.number().integer().min(1).custom(digits).description('`meta.nextCursor` of the page before.'),
  limit: Joi.number().integer().min(1).max(200).custom(digits).default(50).description('How many at most.'),
});

/** More than anybody looks through before deciding. */
const MOST_IDS = 500;

const body = Joi.object<{ ids: string[] }>({
  ids: Joi.array()
    .items(Joi.string().pattern(/^[0-9a-f-]{36}$/, 'the id of a delivery, as the list shows it'))
    .min(1)
    .max(MOST_IDS)
    .unique()
    .required()
    .description('Exactly the operations that are meant.'),
});

const list = route({
  method: 'GET',
  path: '/deliveries',
  access: 'viewer',
  summary: 'Updates that are delivered later, newest first.',
  query,
  work: async ({
    parts: { database, cipher, runtime },
    query: { status, clinic, staffId, cursor, limit },
  }) => {
    const filter: OperationFilter = {
      ...(status === 'unclear' ? { unclear: true } : status !== undefined && { statuses: [status] }),
      ...(clinic !== undefined && { clinic }),
      ...(staffId !== undefined && { staffId }),
    };
    const [{ operations, next }, counts] = await Promise.all([
      pageOfOperations(database, filter, limit, { before: cursor, cipher }),
      countOperations(database),
    ]);
    return {
      body: {
        data: operations.map((operation) => shownDelivery(operation, runtime)),
        meta: { counts, ...(next !== undefined && { nextCursor: String(next) }) },
      },
    };
  },
});

const one = route({
  method: 'GET',
  path: '/deliveries/:id',
  access: 'viewer',
  summary: 'One of them, with every attempt.',
  work: async ({ req, parts: { database, operations, cipher, runtime } }) => {
    const id = pathParameter(req, 'id');
    const {
      operations: [found],
    } = await pageOfOperations(database, { ids: [id] }, 1, { cipher });
    if (found === undefined) throw new Problem('not_found', 'There is no such delivery.');
    const { answer } = found;
    const code = answer?.body.code;
    return {
      body: {
        data: {
          ...shownDelivery(found, runtime),
          attempts: await operations.attemptsOf(id),
          ...meaningOf(found.lastError?.code),
          mayRetry: REDRIVEN_FROM.retry.includes(found.status),
          mayDiscard: REDRIVEN_FROM.discard.includes(found.status),
          ...(answer !== undefined && {
            answered: { status: answer.status, ...(typeof code === 'string' && { code }) },
          }),
        },
      },
    };
  },
});

/** What the error table says about it, for people. */
function meaningOf(code: string | undefined): { meaning?: string } {
  const kind = Object.entries(PROBLEMS).find(([known]) => known === code)?.[1];
  return kind === undefined ? {} : { meaning: kind.meaning };
}

function decide(kind: RedriveKind, summary: string): Route {
  return route({
    method: 'POST',
    path: `/deliveries/${kind}`,
    access: 'operator',
    summary,
    body,
    work: async ({ parts: { operations }, body: { ids }, by }) => {
      const results: { id: string; result: string }[] = [];
      for (const id of ids) {
        results.push({ id, result: await operations[kind](id, by) });
      }
      const done = results.filter(({ result }) => result === 'done').length;
      return { body: { data: { done, failed: results.length - done, results } } };
    },
  });
}

/** With the connection that it goes to; what the vendor has of a person is nobody's business here. */
export function shownDelivery(
  { answer: _, ...rest }: ListedOperation,
  { current }: Pick<ConsoleParts['runtime'], 'current'>,
): Omit<ListedOperation, 'answer'> & { connection?: string } {
  const connection = rest.mirror ?? current.clinics.get(rest.clinic)?.vendor;
  return { ...rest, ...(connection !== undefined && { connection }) };
}

export const DELIVERY_ROUTES: readonly Route[] = [
  list,
  one,
  decide('retry', 'Give the dead ones among these their attempts again.'),
  decide('discard', 'End the dead or queued ones among these without delivering them.'),
];

/** The switch of a clinic: where it stands, and the steps that lead there, each begun by an operator. */
import Joi from 'joi';
import { whatIsWrong } from '../connection/vendorAdvice';
import { Problem } from '../problem';
import type { Generation } from '../runtime/runtime';
import { checkLinks } from '../switch/checkLinks';
import { compare } from '../switch/compare';
import { copy } from '../switch/copy';
import { rehearse } from '../switch/rehearse';
import { switchStatus } from '../switch/status';
import { suggestLinks } from '../switch/suggestLinks';
import type { Report } from '../switch/verdict';
import type { Watch } from '../switch/watch';
import { CannotWrite } from '../switch/writing';
import { FEW, Groups } from './groups';
import { JobProblem } from './jobs';
import { type Call, type ConsoleParts, pathParameter, type Route, route } from './route';
import { note, type Place } from './switchTrail';

const NAME = Joi.string().max(64);

const overview = route({
  method: 'GET',
  path: '/switch',
  access: 'viewer',
  summary: 'The clinics, where each is, and the work that is under way.',
  work: async ({ parts: { runtime, jobs } }) => ({
    body: {
      data: {
        clinics: [...runtime.current.clinics].map(([name, { vendor, mirror }]) => ({
          name,
          vendor,
          ...(mirror !== undefined && { mirror }),
        })),
        connections: [...runtime.current.connections.keys()],
        running: (await jobs.open()).filter(({ state }) => state === 'running'),
      },
    },
  }),
});

const status = route({
  method: 'GET',
  path: '/switch/:clinic',
  access: 'viewer',
  summary: 'One clinic’s switch: links, comparison, queues, mirror, guard, and its jobs.',
  query: Joi.object<{ connection?: string }>({
    connection: NAME.description('Where it may move. Absent: the mirror, or what was compared last.'),
  }),
  work: async ({ req, parts: { runtime, database, jobs, reviews }, query: { connection } }) => {
    const name = pathParameter(req, 'clinic');
    const clinic = clinicOf(runtime.current, name);
    if (connection !== undefined) connectionOf(runtime.current, connection);
    const found = await switchStatus({ database, name, clinic, connection });
    const { config } = runtime.current;
    return {
      body: {
        data: {
          ...found,
          switchGuard: config.clinics[name]?.switchGuard,
          jobs: await jobs.of(name),
          // Null: what was found is not known here.
          review: found.connection === null ? null : (reviews.of(name, found.connection)?.length ?? null),
        },
      },
    };
  },
});

interface TaskBody {
  connection: string;
  overwrite?: boolean;
}

const taskBody = Joi.object<TaskBody>({
  connection: NAME.required().description('Where the clinic may move.'),
});

const applyBody = Joi.object<TaskBody>({
  connection: NAME.required().description('Where the clinic may move.'),
  overwrite: Joi.boolean().description('Also over other values that are there.'),
});

type Work = (
  call: Call<unknown, TaskBody>,
  place: Place,
  watch: Required<Watch>,
) => Promise<Record<string, unknown>>;

function task(name: string, summary: string, work: Work, body = taskBody): Route {
  return route({
    method: 'POST',
    path: `/switch/:clinic/${name}`,
    access: 'operator',
    summary,
    body,
    work: async (call) => {
      const { parts, body: asked } = call;
      const clinic = pathParameter(call.req, 'clinic');
      const { connection } = asked;
      if (
        clinicOf(parts.runtime.current, clinic).vendor ===
        connectionOf(parts.runtime.current, connection).name
      ) {
        throw new Problem(
          'conflict',
          'The clinic is there already: choose the connection that it may move to.',
        );
      }
      const place = { name: clinic, connection };
      const job = await parts.jobs.begin({
        ...{ clinic, connection, task: name, by: call.signed.operator.name },
        overwrite: asked.overwrite === true,
        work: (watch) => work(call, place, watch),
      });
      if (job === undefined) throw new Problem('conflict', 'Other work of this clinic is under way.');
      await note(call, place, name);
      return { status: 202, body: { data: job } };
    },
  });
}

/** Whatever the configuration becomes meanwhile, the work goes on with what it began with. */
async function moving<Result>(
  { runtime }: ConsoleParts,
  { name, connection }: Place,
  work: (
    generation: Generation,
    clinic: ReturnType<typeof clinicOf>,
    there: ReturnType<typeof connectionOf>,
  ) => Promise<Result>,
): Promise<Result> {
  const { generation, release } = runtime.acquire();
  try {
    return await work(generation, clinicOf(generation, name), connectionOf(generation, connection));
  } finally {
    release();
  }
}

const check: Work = ({ parts }, place, watch) =>
  moving(parts, place, async (_, clinic, connection) => {
    const { database } = parts;
    const { check: found, failure } = await checkLinks({
      clinic: movingOf(clinic),
      connection,
      database,
      ...watch,
    });
    const { complete, counts, missing, notFound, unlinked } = found;
    return {
      ...{ complete, counts, missing: missing.slice(0, FEW), notFound: notFound.slice(0, FEW) },
      unlinked: unlinked.slice(0, FEW),
      ...(failure !== undefined && { remark: `${connection.name} ${whatIsWrong(failure)}` }),
    };
  });

const suggest: Work = ({ parts }, place, watch) =>
  moving(parts, place, async (_, clinic, there) => {
    const { database, reviews } = parts;
    const found = await suggestLinks({ clinic: movingOf(clinic), there, database, ...watch });
    if (found.failure !== undefined) {
      const { connection, failure } = found.failure;
      throw new JobProblem(`The records cannot be read: ${connection.name} ${whatIsWrong(failure)}`);
    }
    reviews.keep(place.name, place.connection, found.suggestions);
    return { complete: true, counts: found.counts, remarks: found.remarks };
  });

const rehearsal: Work = ({ parts }, place, watch) =>
  moving(parts, place, async (_, clinic, there) => {
    const groups = new Groups();
    const found = await rehearse({
      ...{ clinic: movingOf(clinic), there, database: parts.database, ...watch },
      onRow: (row) => groups.add(row),
    });
    return { ...reported(found), proposed: found.proposed, groups: groups.list() };
  });

const comparison: Work = ({ parts }, place, watch) =>
  moving(parts, place, async (_, clinic, there) => {
    const groups = new Groups();
    const found = await compare({
      ...{ clinic: movingOf(clinic), there, database: parts.database, ...watch },
      onRow: (row) => groups.add(row),
    });
    return { ...reported(found), differences: found.differences, groups: groups.list() };
  });

/** @param apply whether anything is written */
function copying(apply: boolean): Work {
  return ({ parts, by, body }, place, watch) =>
    moving(parts, place, async (_, clinic, there) => {
      const groups = new Groups();
      const { update, runtime, log, database } = parts;
      const writing = { update, runtime, log, caller: by.caller };
      try {
        const found = await copy({
          ...{ clinic: movingOf(clinic), configured: clinic, there, database, writing, ...watch },
          ...{ apply, overwrite: body.overwrite === true },
          onRow: (row) => groups.add(row),
        });
        const { applied, outcomes, kept } = found;
        return { ...reported(found), applied, outcomes, kept, groups: groups.list() };
      } catch (error) {
        throw error instanceof CannotWrite ? new JobProblem(error.message) : error;
      }
    });
}

const stop = route({
  method: 'POST',
  path: '/switch/:clinic/stop',
  access: 'operator',
  summary: 'Stop a job where nothing is half done.',
  body: Joi.object<{ id: string }>({ id: Joi.string().max(36).required().description('The job.') }),
  work: async ({ req, parts: { jobs }, body: { id } }) => {
    const stopped = await jobs.stop(pathParameter(req, 'clinic'), id);
    if (!stopped) throw new Problem('conflict', 'This work is not running any more.');
    return { body: { data: { stopped } } };
  },
});

function reported({ complete, asOf, counts, codes, people, incomplete }: Report<string>) {
  return { complete, asOf, counts, codes: codes.slice(0, FEW), people, incomplete };
}

function movingOf({ name, connection, identity }: ReturnType<typeof clinicOf>) {
  return { name, here: connection, identity };
}

function clinicOf({ clinics }: Generation, name: string) {
  const clinic = clinics.get(name);
  if (clinic === undefined) throw new Problem('not_found', 'The configuration has no clinic of that name.');
  return clinic;
}

function connectionOf({ connections }: Generation, name: string) {
  const connection = connections.get(name);
  if (connection === undefined)
    throw new Problem('not_found', 'The configuration has no connection of that name.');
  return connection;
}

export const SWITCH_ROUTES: readonly Route[] = [
  overview,
  status,
  task('check', 'Begin: are the links there complete, and do their records exist? Reads only.', check),
  task(
    'suggest',
    'Begin: who is which record there? Reads only; what needs a person is for the review.',
    suggest,
  ),
  task('rehearse', 'Begin: what would become of every field there? Reads only.', rehearsal),
  task('preview', 'Begin: what would be copied? Reads only.', copying(false)),
  task(
    'copy',
    'Begin: copy what fits, each write with its receipt and its row in the audit.',
    copying(true),
    applyBody,
  ),
  task(
    'compare',
    'Begin: how does every field stand on both sides? The result is kept for the guard.',
    comparison,
  ),
  stop,
];

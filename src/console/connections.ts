/** The vendor connections: how each is doing here and now, what it may take, and the doctor on demand. */
import { examine, inJson } from '../connection/doctor';
import { Problem } from '../problem';
import { act } from '../store/changes';
import { pathParameter, type Route, route } from './route';

const list = route({
  method: 'GET',
  path: '/connections',
  access: 'viewer',
  summary: 'Every vendor connection as this process sees it: breaker, load, limits, drift.',
  work: async ({ parts: { runtime, observer } }) => {
    const { connections, config } = runtime.current;
    const data = [...connections].map(([name, connection]) => {
      const { adapter, baseUrl, timeoutMs, maxConcurrent, maxQueued, readRetries, rateLimit, breaker } =
        connection.config;
      const pause = observer.pauseOf(name);
      return {
        name,
        adapter,
        title: connection.title,
        baseUrl,
        breaker: {
          state: connection.breaker,
          ...(connection.breaker !== 'closed' &&
            pause !== undefined && { since: pause.since.toISOString(), kind: pause.kind }),
        },
        load: connection.load,
        limits: {
          timeoutMs,
          maxConcurrent,
          maxQueued,
          readRetries,
          breaker,
          ...(rateLimit && { rateLimit }),
        },
        drift: observer.driftAt(name),
        clinics: Object.keys(config.clinics).filter((clinic) => config.clinics[clinic]?.vendor === name),
        mirrors: Object.keys(config.clinics).filter((clinic) => config.clinics[clinic]?.mirror === name),
      };
    });
    return { body: { data } };
  },
});

const doctor = route({
  method: 'POST',
  path: '/connections/:name/doctor',
  access: 'operator',
  summary:
    'Check one connection: reach, credentials, right to write, mapped codes. Changes nothing at the vendor.',
  work: async ({ req, parts: { runtime, adapters, trail }, by }) => {
    const name = pathParameter(req, 'name');
    const { config } = runtime.current;
    const vendor = Object.hasOwn(config.vendors, name) ? config.vendors[name] : undefined;
    if (vendor === undefined) {
      throw new Problem('not_found', 'The configuration has no connection of that name.');
    }
    const checks = (await examine(name, vendor, config, adapters)).map(inJson);
    const passed = checks.every(({ result }) => result !== 'failed');
    const outcome = passed ? 'success' : 'failed';
    await trail.add([
      act({ kind: 'operator', ...by, clinic: '', vendor: name, detail: { act: 'doctor' }, outcome }),
    ]);
    return { body: { data: { connection: name, passed, checks } } };
  },
});

export const CONNECTION_ROUTES: readonly Route[] = [list, doctor];

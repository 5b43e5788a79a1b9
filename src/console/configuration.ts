/** The configuration in effect, masked, and what became of each reading of the file. */
import { maskConfig } from '../config/mask';
import { Problem } from '../problem';
import { act } from '../store/changes';
import { type ConsoleParts, type Route, route } from './route';

const show = route({
  method: 'GET',
  path: '/configuration',
  access: 'viewer',
  summary: 'The configuration in effect, secrets masked, and the last reloads.',
  work: async ({ parts }) => ({ body: { data: stateOf(parts) } }),
});

const reload = route({
  method: 'POST',
  path: '/configuration/reload',
  access: 'operator',
  summary: 'Read the file again, also if it has not changed: what stood in its way may be out of it.',
  work: async ({ parts, by }) => {
    const state = parts.following();
    if (state === undefined) throw new Problem('conflict', 'The gateway is just starting.');
    await state.reload();
    const outcome = state.configRefused ? 'refused' : 'success';
    await parts.trail.add([act({ kind: 'operator', ...by, clinic: '', detail: { act: 'reload' }, outcome })]);
    return { body: { data: stateOf(parts) } };
  },
});

function stateOf({ runtime, following }: ConsoleParts) {
  const state = following();
  return {
    config: maskConfig(runtime.current.config),
    refused: state?.configRefused === true,
    reloads: state?.reloads ?? [],
  };
}

export const CONFIGURATION_ROUTES: readonly Route[] = [show, reload];

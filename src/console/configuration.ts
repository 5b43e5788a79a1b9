/** The configuration in effect, masked, and what became of each reading of the file. */
import { maskConfig } from '../config/mask';
import { type Route, route } from './route';

const show = route({
  method: 'GET',
  path: '/configuration',
  access: 'viewer',
  summary: 'The configuration in effect, secrets masked, and the last reloads.',
  work: async ({ parts: { runtime, following } }) => {
    const state = following();
    return {
      body: {
        data: {
          config: maskConfig(runtime.current.config),
          refused: state?.configRefused === true,
          reloads: state?.reloads ?? [],
        },
      },
    };
  },
});

export const CONFIGURATION_ROUTES: readonly Route[] = [show];

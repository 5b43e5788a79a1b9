/** Takes over what is new on disk while the gateway runs: the configuration and the certificate, each whatever the other says. */
import { describeChanges } from '../config/changes';
import { ConfigError, type ConfigProblem, problemLine } from '../config/problem';
import type { GatewayConfig } from '../config/types';
import { type ConfigWatch, restartNeeded, type WatchOptions, watchConfig } from '../config/watch';
import type { Log } from '../ops/log';
import type { Runtime } from './runtime';

export interface FollowParts extends Pick<WatchOptions, 'adapters' | 'env' | 'pollMs' | 'quietMs'> {
  configPath: string;
  runtime: Runtime;
  /** Puts a new configuration to use. @throws ConfigError if it is refused after all */
  replace(config: GatewayConfig): Promise<void>;
  certificate: Certificate;
  log: Log;
}

/** What the listener shows to those who connect. */
interface Certificate {
  /** Its files; none without TLS. */
  readonly files: readonly string[];
  /** Takes renewed files over. @returns whether anything was new @throws ConfigError when they cannot be used */
  refresh(): boolean;
}

/** What became of a reading of the configuration file while the process ran. */
export interface Reload {
  at: string;
  outcome: 'taken' | 'unchanged' | 'refused';
  /** Sentences: what differs, or what is wrong. Never a value. */
  lines: readonly string[];
  /** Keys that take effect at the next start only. */
  restartNeededFor: readonly string[];
}

/** So many are remembered. */
const MOST_RELOADS = 50;

export interface Following extends ConfigWatch {
  /** The last ones, newest first. */
  readonly reloads: readonly Reload[];
  /** Whether the configuration file was refused when it was last read. */
  readonly configRefused: boolean;
  /** Whether the certificate's files were refused when they were last read. */
  readonly certificateRefused: boolean;
}

export async function follow({
  configPath,
  adapters,
  env,
  runtime,
  replace,
  certificate,
  log,
  ...timing
}: FollowParts): Promise<Following> {
  const started = runtime.current.config;
  const refresh = certificateRefresh(certificate, log);
  let configRefused = false;
  let reloads: readonly Reload[] = [];
  const remember = (reload: Omit<Reload, 'at'>) => {
    reloads = [{ at: new Date().toISOString(), ...reload }, ...reloads].slice(0, MOST_RELOADS);
  };
  const watch = await watchConfig(configPath, {
    ...timing,
    adapters,
    env,
    current: started,
    files: certificate.files,
    onLook: () => refresh.look(),
    onChange: async ({ config, warnings }) => {
      const before = runtime.current.config;
      await replace(config);
      configRefused = false;
      const lines = describeChanges(before, config);
      const restartNeededFor = restartNeeded(started, config);
      remember({ outcome: lines.length === 0 ? 'unchanged' : 'taken', lines, restartNeededFor });
      tell(log, { lines, restartNeededFor, warnings });
    },
    onRejected: ({ problems }) => {
      configRefused = true;
      remember({ outcome: 'refused', lines: problems.map(problemLine), restartNeededFor: [] });
      log.notice('new configuration refused, the old one stays in use', { problems: textOf(problems) });
    },
  });
  return {
    ...watch,
    get reloads() {
      return reloads;
    },
    get configRefused() {
      return configRefused;
    },
    get certificateRefused() {
      return refresh.refused;
    },
  };
}

interface Change extends Pick<Reload, 'lines' | 'restartNeededFor'> {
  warnings: readonly string[];
}

function tell(log: Log, { lines, restartNeededFor, warnings }: Change): void {
  const changes = lines.join('; ');
  const later = restartNeededFor.join(', ');
  log.info(changes === '' ? 'configuration unchanged' : 'configuration replaced', {
    ...(changes !== '' && { changes }),
    ...(later !== '' && { restartNeededFor: later }),
  });
  for (const warning of warnings) log.notice(warning);
}

/** A refusal is told once for each cause: the files are looked at often. */
function certificateRefresh(certificate: Certificate, log: Log) {
  let problems: string | undefined;
  return {
    get refused(): boolean {
      return problems !== undefined;
    },
    look(): void {
      try {
        if (certificate.refresh()) log.info('certificate replaced');
        problems = undefined;
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        const text = textOf(error.problems);
        if (text !== problems)
          log.notice('new certificate refused, the old one stays in use', { problems: text });
        problems = text;
      }
    },
  };
}

function textOf(problems: readonly ConfigProblem[]): string {
  return problems.map(problemLine).join('; ');
}

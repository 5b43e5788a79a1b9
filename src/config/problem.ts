/** The path of a value in the configuration: the keys and list positions that lead to it. */
export type Path = readonly (string | number)[];

export interface ConfigProblem {
  /** `vendors.centro.credentials.token`; empty when the file as a whole is meant. */
  path: string;
  /** One English sentence without a value from the file, an environment variable or a secret file. */
  message: string;
}

/** A configuration that cannot be used, with everything that is wrong with it. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(problems.map(problemLine).join('\n'), options);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** One problem as one line: `path: message`. */
export function problemLine({ path, message }: ConfigProblem): string {
  return path === '' ? message : `${path}: ${message}`;
}

/** A path for people. A forgotten space (`{apiKey:secret}`) makes a value part of a key, so odd keys are cut short. */
export function pathText(path: Path): string {
  return path.map(showKey).join('.');
}

/** A path as a map key, without the ambiguity of dots in keys. */
export function pathKey(path: Path): string {
  return JSON.stringify(path);
}

/** The value of the credentials of a vendor, or anything inside them. */
export function isSecretPath(path: Path): boolean {
  return path[0] === 'vendors' && path[2] === 'credentials';
}

function showKey(key: string | number): string {
  const text = String(key);
  const plain = /^[\w-]{0,64}/.exec(text)?.[0] ?? '';
  return plain === text ? text : `${plain}…`;
}

/**
 * What is fetched by name when the project is built, checked or run: images and CI actions. A tag can be moved to something else,
 * a digest cannot. Each is named by a digest, or a dated line says that somebody has looked and why it is not. Pure.
 */

/** Looked at longer ago, an exception says nothing about today. */
const MOST_DAYS = 90;
const DAY_MS = 86_400_000;

/** Files with such names, from the root of the project. */
export const PINNED_FILES = [
  'Dockerfile',
  '.github/workflows/ci.yml',
  'deploy/compose.yaml',
  'deploy/kubernetes.yaml',
];

const NAMED = /^\s*(?:-\s+)?(?:FROM|uses:|image:)\s+(?:--\S+\s+)*["']?([^\s"'#]+)/;
const BY_DIGEST = /@(?:sha256:[0-9a-f]{64}|[0-9a-f]{40})$/;
const EXCEPTION = /#.*\bnot by digest, looked at on (\d{4}-\d{2}-\d{2}): \S/;

/** Each name that is neither a digest nor excepted on its own line or in the comment right above. */
export function pinComplaints(file: string, text: string, now: Date): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const name = NAMED.exec(line)?.[1];
    if (name === undefined || BY_DIGEST.test(name)) return [];
    const on = EXCEPTION.exec(line)?.[1] ?? exceptionAbove(lines, index);
    const at = `${file}:${index + 1}: ${name}`;
    if (on === undefined)
      return [`${at} has no digest, and no line says "not by digest, looked at on <day>: why"`];
    const days = (now.getTime() - Date.parse(on)) / DAY_MS;
    return days >= 0 && days <= MOST_DAYS
      ? []
      : [`${at} was looked at on ${on}, which is not in the last ${MOST_DAYS} days`];
  });
}

function exceptionAbove(lines: readonly string[], index: number): string | undefined {
  for (let above = index - 1; /^\s*#/.test(lines[above] ?? ''); above -= 1) {
    const day = EXCEPTION.exec(lines[above] ?? '')?.[1];
    if (day !== undefined) return day;
  }
  return undefined;
}

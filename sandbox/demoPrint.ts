/** Printing for a person: 80 columns, colour only on a terminal. */

const WIDTH = 80;
const GAP = ' │ ';
const COLUMN = Math.floor((WIDTH - GAP.length) / 2);

const styled = (code: number) => (text: string) =>
  process.stdout.isTTY && process.env.NO_COLOR === undefined ? `\u001b[${code}m${text}\u001b[0m` : text;

export const bold = styled(1);
export const dim = styled(2);
export const red = styled(31);
export const green = styled(32);

interface Cell {
  title: string;
  /** Shown as JSON. */
  content: unknown;
}

/** Rows of two messages each, side by side. */
export function grid(rows: readonly (readonly [Cell, Cell])[]): string {
  const rule = `${'─'.repeat(COLUMN + 1)}┼${'─'.repeat(WIDTH - COLUMN - 2)}`;
  return rows.map(([left, right]) => [rule, ...row(left, right)].join('\n')).join('\n');
}

function row(left: Cell, right: Cell): string[] {
  const columns = [lines(left), lines(right)] as const;
  const height = Math.max(columns[0].length, columns[1].length);
  return Array.from({ length: height }, (_, index) => {
    const text = (columns[0][index] ?? '').padEnd(COLUMN) + GAP + (columns[1][index] ?? '');
    return index === 0 ? bold(text.trimEnd()) : text.trimEnd();
  });
}

function lines({ title, content }: Cell): string[] {
  const json = content === undefined ? '(nothing)' : JSON.stringify(content, null, 1);
  return [title, ...json.split('\n')].flatMap(wrap);
}

/** Breaks a long line, keeping its indentation. Counts characters as a person sees them. */
function wrap(line: string): string[] {
  if (line.length <= COLUMN) return [line];
  const space = line.lastIndexOf(' ', COLUMN);
  const indent = /^ */.exec(line)?.[0] ?? '';
  const at = space > indent.length ? space : COLUMN;
  return [line.slice(0, at), ...wrap(`${indent}  ${line.slice(at).trimStart()}`)];
}

/** The command line in this process: arguments in, output and exit code out. What ends the process needs `run`. */
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { adapters } from '../../adapters';
import { linksCommand } from '../../src/cli/links';
import { runProgram } from '../../src/cli/program';
import type { Ended } from './commandLine';

/** Runs `links …` with the configuration file. @param input the standard input */
export async function links(configPath: string, args: readonly string[], input = ''): Promise<Ended> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const said = [text(out), text(err)];
  let code = 0;
  await runProgram(
    [linksCommand],
    {
      adapters,
      env: {},
      out,
      err,
      isTerminal: false,
      input: Readable.from([Buffer.from(input)]),
      exit: (ended) => {
        code = ended;
      },
    },
    ['-c', configPath, 'links', ...args],
  );
  out.end();
  err.end();
  const [output = '', errors = ''] = await Promise.all(said);
  return { code, out: output, err: errors };
}

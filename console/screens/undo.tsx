/** How a copy is made that can be undone. Names of clinics and connections hold nothing that a shell would take for its own. */
import { t } from '../language';

interface UndoProps {
  clinic: string;
  connection: string;
  overwrite: boolean;
}

export function UndoCommands({ clinic, connection, overwrite }: UndoProps) {
  const file = `${clinic}-to-${connection}.ndjson`;
  const copy = `npm run cli -- switch copy ${clinic} ${connection} --apply${overwrite ? ' --overwrite' : ''} --undo ${file}`;
  return (
    <>
      <p>{t('undoHelp')}</p>
      <pre>{copy}</pre>
      <p>{t('undoThen')}</p>
      <pre>{`npm run cli -- switch undo ${file}`}</pre>
    </>
  );
}

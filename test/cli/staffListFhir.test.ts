/** `staff list` of a FHIR server that nothing else was asked before: a file of its own, since what a server has loaded it keeps. */
import { run } from '../support/commandLine';
import { openFhirStage } from '../support/fhirStage';

test('the first page that a server gives has the people beside their roles, and leads to the next', async () => {
  const stage = await openFhirStage({ largestPage: 2 });
  try {
    const { code, out, err } = await run(['-c', stage.configPath, 'staff', 'list', 'fhir-main']);
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(out.match(/^role-\w+/gm)).toEqual(['role-abc123', 'role-def456', 'role-ghi789']);
    expect(out).toContain('Example');
  } finally {
    await stage.close();
  }
});

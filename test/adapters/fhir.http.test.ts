/** FHIR R4 end to end: the gateway against a FHIR server, receipts held against what the server stores. */
import { type FhirStage, openFhirStage, PRACTITIONER, ROLE } from '../support/fhirStage';

let stage: FhirStage;
beforeAll(async () => {
  stage = await openFhirStage();
});
afterAll(() => stage.close());
beforeEach(() => stage.sandbox.reset());

test('probe', async () => {
  console.log(JSON.stringify((await stage.get()).body, null, 1));
  console.log(
    JSON.stringify(
      (await stage.patch({ phone: '+54 11 1234', status: 'inactive', name: { family: 'Núñez' } })).body,
      null,
      1,
    ),
  );
  console.log(JSON.stringify(await stage.sandbox.state.get('Practitioner', PRACTITIONER), null, 1));
  console.log(JSON.stringify(await stage.sandbox.state.get('PractitionerRole', ROLE), null, 1));
  console.log(JSON.stringify((await stage.call('GET', '/staff')).body, null, 1).slice(0, 3000));
  console.log(
    stage.sandbox.log
      .map((e) => `${e.method} ${e.path} ${e.status} ${JSON.stringify(e.headers['if-match'])}`)
      .join('\n'),
  );
});

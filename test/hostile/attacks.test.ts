/** The attacks of `npm run attack`, one test each: docs/security.md names them. */
import { ATTACKS } from './attacks';
import { type Field, openField } from './attacks/field';

let field: Field;

beforeAll(async () => {
  field = await openField();
});
afterAll(() => field.close());
beforeEach(() => {
  field.stage.clinikapi.reset();
  field.stage.vitalis.reset();
});

test.each(ATTACKS)('nobody can $name', async ({ run }) => {
  await expect(run(field)).resolves.toBeUndefined();
});

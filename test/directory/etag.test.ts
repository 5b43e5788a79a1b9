/** Whether an update may be made, by the entity tag of the record and the conditions of the request. */
import { etagOf, isEntityTagList, preconditionHolds } from '../../src/directory/etag';

const TAG = etagOf({ status: 'active' });

test.each<[string, Parameters<typeof preconditionHolds>[0], boolean]>([
  ['no condition', {}, true],
  ['If-Match of it', { ifMatch: TAG }, true],
  ['If-Match of anything', { ifMatch: '*' }, true],
  ['If-Match of another', { ifMatch: '"x"' }, false],
  ['If-Match of its weak form', { ifMatch: `W/${TAG}` }, false],
  ['If-Match of a list', { ifMatch: `"x,y", ${TAG}` }, true],
  ['If-Match of nothing', { ifMatch: '' }, false],
  ['If-None-Match of it', { ifNoneMatch: TAG }, false],
  ['If-None-Match of anything', { ifNoneMatch: '*' }, false],
  ['If-None-Match of its weak form', { ifNoneMatch: `W/${TAG}` }, false],
  ['If-None-Match of a list', { ifNoneMatch: `"x,y", W/${TAG}` }, false],
  ['If-None-Match of another', { ifNoneMatch: '"x"' }, true],
  ['If-None-Match of nothing', { ifNoneMatch: '' }, true],
  ['both, of which one holds', { ifMatch: TAG, ifNoneMatch: TAG }, false],
  ['both, which hold', { ifMatch: TAG, ifNoneMatch: '"x"' }, true],
])('%s', (_name, conditions, holds) => {
  expect(preconditionHolds(conditions, TAG)).toBe(holds);
});

test.each([
  ['*', true],
  ['"a"', true],
  ['W/"a", "b,c", ""', true],
  [' "a" ,, "b"', true],
  ['"\xe9"', true],
  ['', true],
  ['a', false],
  ['"a" "b"', false],
  ['"a', false],
  ['w/"a"', false],
  ['"a b"', false],
])('is %j a list of entity tags? %p', (value, is) => {
  expect(isEntityTagList(value)).toBe(is);
});

/** The list of a vendor that keeps a staff record in several resources: each record with its parts. */
import type { Adapter, RecordList, Resource, VendorRecord } from '../adapter/contract';
import { withPart } from '../adapter/resources';
import { isObject } from '../lib/json';
import { isNotFound } from './failure';
import { type ListPage, type ListParts, readPages } from './list';

/** How pages are fetched, whichever list they are of. */
type Pages = Omit<ListParts, 'idOf'>;

/**
 * All primary records, page by page, with their parts as far as the lists of further resources have them, which are read before.
 * @param resources names of the further resources that are wanted
 * @throws VendorFailure: what was read until then is not the whole list. TypeError at an adapter without a list
 */
export async function* readJoined(
  { list, idOf, also = [] }: Pick<Adapter, 'list' | 'idOf' | 'also'>,
  resources: readonly string[],
  admits: (id: string) => boolean,
  pages: Pages,
): AsyncGenerator<ListPage, void, undefined> {
  if (list === undefined) throw new TypeError('this vendor has no list');
  const parts: [Resource, ReadonlyMap<string, string>][] = [];
  for (const resource of also.filter(({ name }) => resources.includes(name))) {
    if (resource.list) parts.push([resource, await readParts(resource, resource.list, pages)]);
  }
  const admitted = (record: VendorRecord) => {
    const id = idOf(record);
    return id !== undefined && admits(id) ? id : undefined;
  };
  for await (const page of readPages(list, { ...pages, idOf: admitted })) {
    let partless = 0;
    const records = page.records.map(({ id, record }) => {
      const joined = parts.reduce((into, [resource, known]) => {
        const partId = resource.idIn(record);
        if (partId === undefined) return into;
        const part = recordIn(known.get(partId)) ?? resource.absent;
        if (part === undefined) partless += 1;
        return part === undefined ? into : withPart(into, resource.name, part);
      }, record);
      return { id, record: joined };
    });
    yield { ...page, records, partless };
  }
}

/** All records of a further resource by their ids, as text, which takes a fraction of the memory. */
async function readParts(
  { idOf, absent }: Resource,
  list: RecordList,
  pages: Pages,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  try {
    for await (const { records } of readPages(list, { ...pages, idOf: (record) => idOf?.(record) })) {
      for (const { id, record } of records) found.set(id, JSON.stringify(record));
    }
  } catch (error) {
    // "Not found" says that there is none at all.
    if (absent === undefined || !isNotFound(error)) throw error;
  }
  return found;
}

/** Of text that was a record. */
function recordIn(text: string | undefined): VendorRecord | undefined {
  const record: unknown = text === undefined ? undefined : JSON.parse(text);
  return isObject(record) ? record : undefined;
}

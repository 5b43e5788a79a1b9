/** FHIR R4 data types, which vendors use inside and outside FHIR resources. */
import { member } from '../lib/json';
import { type Coding, SNOMED_CT } from '../staff/fields';
import { isBlank, listOf, onlyOne, readPresent, text, textIn } from './codecs';
import { type Decoded, UNREADABLE } from './contract';

type Concept = Readonly<Record<'code' | 'display' | 'system', string | undefined>>;

/**
 * The code and text of a CodeableConcept, a Coding or a text; if there are several codings, of the SNOMED CT one, since that
 * is the canonical system.
 */
export function conceptOf(item: unknown): Concept {
  if (typeof item === 'string') return { code: undefined, display: item, system: undefined };
  const codings = listOf(member(item, 'coding'));
  const coding = codings.find((candidate) => member(candidate, 'system') === SNOMED_CT) ?? codings[0] ?? item;
  return {
    code: textIn(coding, 'code'),
    display: textIn(coding, 'display') ?? textIn(item, 'text'),
    system: textIn(coding, 'system'),
  };
}

/** The one coded value of a concept or a list of them. */
export function codingIn(stored: unknown): Decoded<Coding> {
  return oneConcept<Coding>(stored, ({ code, display, system = SNOMED_CT }) => {
    if (code === undefined || isBlank(code) || isBlank(display)) return UNREADABLE;
    return display === undefined ? { code, system } : { code, display, system };
  });
}

/** The one code of a concept or a list of them, or its text if it has none. */
export function codeOrTextIn(stored: unknown): Decoded<string> {
  return oneConcept<string>(stored, ({ code = UNREADABLE, display = code }) => {
    const found = code === UNREADABLE ? display : code;
    return isBlank(found) ? UNREADABLE : found;
  });
}

function oneConcept<V>(stored: unknown, read: (concept: Concept) => Decoded<V>): Decoded<V> {
  return readPresent(stored, (value) => onlyOne(listOf(value).map((item) => read(conceptOf(item)))));
}

/** True if a concept says more than the one coding, or text, that is read of it. */
export function saysMore(item: unknown): boolean {
  const { display } = conceptOf(item);
  const wording = textIn(item, 'text');
  return listOf(member(item, 'coding')).length > 1 || (wording !== undefined && wording !== display);
}

/** The one value of a system among ContactPoints. */
export function contactIn(telecom: unknown, system: 'phone' | 'email'): Decoded<string> {
  const points = listOf(telecom).filter((point) => member(point, 'system') === system);
  return onlyOne(points.map((point) => text.decode(member(point, 'value'))));
}

/** The id in a Reference to a resource of that type, relative or absolute; undefined if it is another or none. */
export function referencedId(reference: unknown, type: string): string | undefined {
  const parts = textIn(reference, 'reference')?.split('/') ?? [];
  const at = parts.indexOf(type);
  return at === -1 ? undefined : parts[at + 1];
}

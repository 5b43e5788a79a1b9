/** Weaknesses that were looked up by hand (advisories.json), for where npm's registry does not say which it knows. Pure. */
import { isObject, member } from '../src/lib/json';

/** A list that was last looked through longer ago says nothing about today. */
const MOST_DAYS = 90;
const DAY_MS = 86_400_000;

/**
 * What is wrong: the list is too old, or the lock file has a version that an advisory names.
 * @param known the text of advisories.json, parsed
 */
export function advisoryComplaints(known: unknown, lock: unknown, now: Date): string[] {
  const checkedOn = String(member(known, 'checkedOn'));
  const age = (now.getTime() - Date.parse(checkedOn)) / DAY_MS;
  const advisories = member(known, 'advisories');
  const packages = member(lock, 'packages');
  if (!Array.isArray(advisories) || !isObject(packages) || !(age >= 0)) {
    return ['scripts/advisories.json cannot be used: checkedOn is a day that is past, advisories a list'];
  }
  const old =
    age > MOST_DAYS
      ? [`scripts/advisories.json was checked on ${checkedOn}, more than ${MOST_DAYS} days ago: look again`]
      : [];
  return [...old, ...advisories.flatMap((advisory) => complaintsOf(advisory, packages))];
}

function complaintsOf(advisory: unknown, packages: Readonly<Record<string, unknown>>): string[] {
  const [name, id, fixedIn] = ['package', 'id', 'fixedIn'].map((key) => String(member(advisory, key)));
  return Object.entries(packages).flatMap(([path, entry]) => {
    const version = member(entry, 'version');
    const isIt = path.endsWith(`node_modules/${name}`) && member(entry, 'dev') !== true;
    if (!isIt || typeof version !== 'string' || !isBefore(version, fixedIn ?? '')) return [];
    return [`${path} ${version}: ${id} is fixed in ${fixedIn}`];
  });
}

/** By the three numbers; a version before a release counts as that release. */
function isBefore(version: string, other: string): boolean {
  const [these, those] = [version, other].map((text) => (text.match(/\d+/g) ?? []).slice(0, 3).map(Number));
  for (const place of [0, 1, 2]) {
    const difference = (these?.[place] ?? 0) - (those?.[place] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

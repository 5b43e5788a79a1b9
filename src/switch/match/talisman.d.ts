/** The package comes without types. */
declare module 'talisman/metrics/jaro-winkler' {
  /** 0 (nothing in common) to 1 (equal). */
  export default function jaroWinkler(one: string, other: string): number;
}

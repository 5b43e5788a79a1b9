/**
 * What words are: English and Spanish side by side, so that none can be missing. `{name}` stands for what is filled in;
 * `{count|one|other}` is the first of the two for exactly one, else the second.
 */
export type Words = Readonly<Record<string, readonly [english: string, spanish: string]>>;

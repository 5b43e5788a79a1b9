/** Our own sentences for what vendors complain of most. */

/** Code → sentence, with the vendor's title filled in. */
const SENTENCES = {
  required: (vendor: string) => `${vendor} requires a value here.`,
  wrong_type: (vendor: string) => `${vendor} wants a value of another type here.`,
  too_long: (vendor: string) => `The value is longer than ${vendor} allows.`,
  too_short: (vendor: string) => `The value is shorter than ${vendor} allows.`,
  invalid_format: (vendor: string) => `The value does not have the form that ${vendor} wants.`,
  not_allowed: (vendor: string) => `The value is not in ${vendor}’s list of allowed values.`,
  unknown_code: (vendor: string) => `${vendor} does not know what the value refers to.`,
  already_taken: (vendor: string) => `Another record at ${vendor} has this value.`,
} as const;

/** What a complaint means: a code of the table, or any other with its own English sentence. */
export type Meaning = { code: keyof typeof SENTENCES; detail?: undefined } | { code: string; detail: string };

export function detailOf(meaning: Meaning, vendor: string): string {
  return meaning.detail === undefined ? SENTENCES[meaning.code](vendor) : meaning.detail;
}

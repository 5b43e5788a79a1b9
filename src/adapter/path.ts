/**
 * A path with every inserted value URL-encoded: path`/providers/${id}`. Ids that are only dots never get here: no
 * adapter's `recordId` admits them.
 */
export function path(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return parts.reduce((text, part, index) => text + encodeURIComponent(values[index - 1] ?? '') + part);
}

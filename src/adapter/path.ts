/**
 * A path with every inserted value URL-encoded: path`/providers/${id}`. Ids that are only dots never get here: no
 * adapter's `recordId` admits them.
 */
export function path(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return parts.reduce((text, part, index) => text + encodeURIComponent(values[index - 1] ?? '') + part);
}

/** Ids of a vendor that says nothing about their form, without the names that a path would swallow. */
export const OPAQUE_ID = /^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,128}$/;

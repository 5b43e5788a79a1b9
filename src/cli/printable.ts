/** What comes from a file or from a vendor must not control the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '\uFFFD');
}

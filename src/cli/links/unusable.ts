/** The file as a whole cannot be used; the message is for the person who gave it. */
export class UnusableFile extends Error {}

/** What a new integrator has to know: a short introduction, and short pages below `/docs/`, which need nothing but the gateway. */
import { PROBLEMS } from '../../problem';

interface GuidePage {
  /** The last part of its URL. */
  slug: string;
  title: string;
  /** Markdown without the title. */
  text: () => string;
}

function errorTable(): string {
  const rows = Object.entries(PROBLEMS)
    .sort(([, a], [, b]) => a.status - b.status)
    .map(([code, { status, title, meaning }]) => `| ${status} | \`${code}\` | **${title}.** ${meaning} |`);
  return ['| status | `code` | what happened, and what to do |', '|---|---|---|', ...rows].join('\n');
}

/** What a request can ask for, as comment, path and headers. A test sends each. */
const WISHES: readonly (readonly [what: string, path: string, ...headers: string[]])[] = [
  ['Dry run: what would be sent, and the receipt at best', '/staff/st-42?dryRun=true'],
  ['Only if the record is as you know it, by the ETag of a GET', '/staff/st-42', 'If-Match: "<ETag>"'],
  ['Once, however often it is sent', '/staff/st-42', 'Idempotency-Key: c5b1a9f0-2f0e-4a51-9a3b-7d6f0c1e8b24'],
  ['Do not wait: 202, and Location to follow', '/staff/st-42', 'Prefer: respond-async'],
];

function curls(): string {
  const line = (path: string, headers: readonly string[], body: string) =>
    [
      `curl -i${body === '' ? '' : ' -X PATCH'} 'http://127.0.0.1:8080${path}'`,
      ...['Authorization: Bearer demo-key-north', ...headers].map((header) => `-H '${header}'`),
      body,
    ]
      .join(' ')
      .trim();
  const updates = WISHES.map(([what, path, ...headers]) => {
    const all = ['Content-Type: application/json', ...headers];
    return `# ${what}\n${line(path, all, `-d '{"role":"consultant"}'`)}`;
  });
  const fhir = `# As FHIR R4\n${line('/staff/st-42', ['Accept: application/fhir+json'], '')}`;
  return ['```sh', ...updates, fhir, '```'].join('\n');
}

const FIRST_UPDATE = `1. Get a key from the operator of the gateway. With \`npm run demo\` there are three: \`demo-key-north\`,
   \`demo-key-centro\` and \`demo-key-south\`, one for each clinic, with the staff ids \`st-42\`, \`st-43\` and \`st-44\`.
2. On [the page of the operations](/docs): put the key into *Authentication*, press **Test Request** at *Update a staff member*, then
   **Send**. Or in a shell, with the address of this page:

   \`\`\`sh
   curl -i -X PATCH http://127.0.0.1:8080/staff/st-42 \\
     -H 'Authorization: Bearer demo-key-north' \\
     -H 'Content-Type: application/json' \\
     -d '{"status":"active"}'
   \`\`\`

   \`-i\` shows the headers as well; the demo leaves this staff member \`inactive\`, so something changes.
3. Read \`meta.receipt\` in the answer. \`verified\` means that the vendor's record now holds your value.

Not sure what would happen? Add \`?dryRun=true\`: nothing is written, and you see the vendor request and the receipt.
Not sure what your clinic's vendor can hold? \`GET /capabilities\` says it, field by field.

## What else a request can ask for

More under [Sending safely](/docs/sending-safely).

`;

const LISTING = `\`GET /staff\` answers "who works here?": your clinic's staff as its vendor holds them, 50 a page.

\`\`\`sh
curl -i 'http://127.0.0.1:8080/staff?status=active&limit=20' -H 'Authorization: Bearer demo-key-north'
\`\`\`

- **Filters compose**: \`q\` (each word is part of the given or the family name; case and accents do not matter), \`status\`,
  \`nationalId\`, \`email\`, \`specialty\` (a code). A filter on a field that the vendor does not show is refused (422
  \`unsupported_field\`): an empty list would say that there is nobody.
- **Pages**: repeat the request with \`meta.nextCursor\` as \`cursor\` until it is \`null\`. All pages are of one list, so nobody is shown
  twice or passed over; after five minutes the cursor is 410 \`cursor_expired\`: begin again.
- **How fresh**: \`meta.asOf\` says when the list was read, \`meta.source\` whether for this request. \`Cache-Control: no-cache\` reads it
  anew. A vendor's list may itself lag behind its records for some seconds: \`GET /staff/{id}\` shows a change at once.
- **Whole or not at all**: a list that could not be read to its end is a 503 with \`Retry-After\`. \`meta.warnings\` tells of rows that were no
  records (\`rows_skipped\`), and of linked staff
  that the vendor does not list (\`not_listed\`); with \`meta.complete: false\` the vendor counts more than it lists.
- \`?linked=false\` shows the vendor's records that have no staff id yet; it needs the scope \`links:write\`.`;

const WRITING = `## Saying who you are

Send \`Authorization: Bearer <key>\` with every call but the ones under *Service*. If the operator has set it up, an OAuth 2
access token (JWT) takes the place of the key. A key or token belongs to one clinic: staff of another clinic do not exist
for it (404). What it may do is limited by scopes; a call without the needed one is answered 403 \`forbidden\`.

## What the body means

The body is a JSON Merge Patch (RFC 7396), whatever the vendor: a member that is absent is kept, \`null\` clears it, objects
(\`name\`, \`period\`, \`specialty\`) merge member by member, arrays (\`availableTime\`) replace the stored one as a whole. A field
that the vendor cannot hold refuses the whole update before anything is sent (422 \`unsupported_field\`). With
\`Prefer: handling=lenient\` such fields are dropped instead, and the receipt says so. Lenient handling still refuses what is not
valid, a field that cannot be cleared (\`not_clearable\`), a code without a counterpart (\`unmapped_code\`), and an update with
nothing left to send.`;

const RECEIPT = `One row for each top-level member that you sent:

| \`outcome\` | means |
|---|---|
| \`verified\` | The vendor's returned or re-read record holds the value. |
| \`accepted\` | The vendor acknowledged; the value cannot be read back. \`detail\` says why. |
| \`unchanged\` | The record already had the value. Only if the gateway has read it first, because the update needed that; else an equal value is sent, and \`verified\`. |
| \`dropped\` | The vendor cannot hold it. Only under \`Prefer: handling=lenient\`; \`detail\` says why. |

A 200 is never a guess: if the vendor reports success but its record shows the old value, the answer is 502
\`write_not_confirmed\`. \`meta.warnings\` says what else is worth knowing, such as a stored value that has no canonical meaning.

A dry run (\`?dryRun=true\`) gives the receipt as it would be at best: the vendor is not asked to judge the update. Nor is it asked
whether the record exists, unless the update needs a read. \`Idempotency-Key\` and \`respond-async\` mean nothing to it.`;

const SENDING_SAFELY = `- **Repeat without fear**: send a fresh \`Idempotency-Key\` with each new update, and the same one when you repeat it. It is
  carried out once. A key counts for you, the method and the path: for another staff member the same text is another key. An
  update that is refused as not valid does not use its key up.
- **Do not overwrite others**: \`GET\` the record, send its \`ETag\` as \`If-Match\`. If it changed meanwhile, the answer is 412.
  After \`outcome: "partial"\` repeat the same with the same \`Idempotency-Key\`.
  A \`PATCH\` answers with the new \`ETag\` where the vendor has shown the whole record; where it gives none, \`GET\` again. The \`ETag\`
  of the FHIR form is the weak form of the same (\`W/"…"\`): without the \`W/\` it serves as \`If-Match\`.
- **Do not wait**: \`Prefer: respond-async\` queues the update and answers 202; follow it at \`Location\`.
- After a 504, read \`outcome\`: \`applied\`, \`not_applied\` or \`unknown\`. The gateway never repeats a write blindly; with the same
  \`Idempotency-Key\` you may.`;

const ERRORS = `Every answer that is not a success is a problem document (RFC 9457). Branch on \`code\`, show \`detail\`, and quote \`requestId\`
when you ask for help. \`errors\` points at your own fields, all of them at once. Any URL may also answer 404 \`not_found\` and
405 \`method_not_allowed\`. Two answers come from the HTTP server itself and have no body: 417 to an \`Expect\` other than
\`100-continue\`, and 400 to a request without \`Host\`. New members and new codes may be added; ignore what you do not know.

`;

/** In the order in which a newcomer reads them. */
export const GUIDE: readonly GuidePage[] = [
  { slug: 'first-update', title: 'A first update', text: () => FIRST_UPDATE + curls() },
  { slug: 'writing', title: 'Writing an update', text: () => WRITING },
  { slug: 'receipt', title: 'Reading the receipt', text: () => RECEIPT },
  { slug: 'listing', title: 'Finding staff', text: () => LISTING },
  { slug: 'sending-safely', title: 'Sending safely', text: () => SENDING_SAFELY },
  { slug: 'errors', title: 'Errors', text: () => ERRORS + errorTable() },
];

/** The introduction of the document. */
export function introduction(): string {
  const links = GUIDE.map(({ slug, title }) => `[${title}](/docs/${slug})`).join(' · ');
  return `One call updates a staff member in whichever vendor system holds the record, and answers with a **receipt**: for
every field that you sent, what really became of it.

${links}
`;
}

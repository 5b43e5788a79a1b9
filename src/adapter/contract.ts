/**
 * What an adapter is. An adapter is tables and pure functions: it knows its vendor's names, values, paths, headers and
 * error texts, and does no input or output. Everything two vendors share (sending, deadlines, retries, login, merging,
 * refusing, verifying, wording of errors) lives above this contract.
 *
 * Reading order in every adapter: settings → fields → errors → authorize → read → write.
 */
import type { AdapterSettings, ConfigurableAdapter } from '../config/types';
import type { Field, StaffFields } from '../staff/fields';
import type { Meaning } from './issues';

export type { AdapterSettings } from '../config/types';

/** A record, or an answer, in the vendor's own names and values. */
export type VendorRecord = Readonly<Record<string, unknown>>;

/** What an adapter wants sent. `path` starts with `/`, is already encoded and is relative to the configured base URL. */
export interface VendorRequest {
  method: 'GET' | 'PATCH' | 'POST' | 'PUT';
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: VendorRecord | readonly unknown[];
  /** Instead of a body: what a web form would send. */
  form?: Readonly<Record<string, string>>;
  /**
   * True if `path` is a link out of an answer, absolute or relative to the base URL. It is followed on the origin of the base URL
   * only, whatever its path is.
   */
  isLink?: boolean;
  /**
   * True if a good answer may have no body; what is true then is read. `204`: that status is a good answer too. Where a contract
   * does not promise it, it says less than what was promised, and is `unexpected_response`.
   */
  mayAnswerNothing?: boolean | 204;
}

/** A stored value that has no canonical meaning: not shown, told in a warning, and never replaced by a guess. */
export const UNREADABLE: unique symbol = Symbol('unreadable');

/** `undefined`: the record does not show the field. `null`: the field is empty. */
export type Decoded<Value> = Value | null | undefined | typeof UNREADABLE;

/**
 * `not_expressible`: the vendor holds the field, but not this value of it, such as a text that is too long for it.
 * `not_clearable`: a part of what is stored would have to be deleted, which the vendor cannot do.
 */
export type RefusalCode = 'unsupported_field' | 'unmapped_code' | 'not_expressible' | 'not_clearable';

/**
 * Says that a value cannot be expressed at this vendor.
 * @param at pointer below the field, `''` for the field itself, `/system`, `/0/recurrence/unit`
 * @param detail one English sentence, free of values
 */
export type Refuse = (at: string, code: RefusalCode, detail: string) => void;

/** A field that this vendor holds. `V` is the canonical value. */
export interface MappedField<V> {
  readonly supported: true;
  /** The further resource that holds it, one of `Adapter.also`; absent: the primary one. Set by `inResource`. */
  readonly resource?: string;
  /** The member of the vendor's request body. No two fields of one resource may share it. */
  readonly key: string;
  /** The canonical values that can be expressed, if they are a closed list. */
  readonly values?: readonly string[];
  /** Composite fields only: the members the vendor holds. It replaces the object whole, so others need a merge. */
  readonly members?: readonly string[];
  /** Members that may be sent with the value but are not stored, each with the reason. Leads to a warning. */
  readonly notStored?: Readonly<Record<string, string>>;
  /** The body value that empties the field. A table entry without it makes the field not clearable. */
  readonly cleared?: {
    readonly wire: unknown;
    /** Why this stored value cannot be taken away, as a sentence, although others can. Refused as `not_clearable`. */
    unless?(record: VendorRecord): string | undefined;
  };
  /** The reason why `null` is refused, for people. Required if and only if `cleared` is missing. */
  readonly notClearable?: string;
  /**
   * Set if a change of this field needs the stored record although the value sent is complete. `merge`: the plan depends on
   * it, so that the record may not change until it is written. `look`: to keep what is stored and not shown, and to say what
   * is lost.
   */
  readonly needsCurrent?: 'merge' | 'look';
  /** A remark for the capability matrix and the adapter's page. */
  readonly note?: string;
  /**
   * Canonical value → body value. Must tolerate composite values with members missing (they are checked early).
   * @param current the stored record, if it was read: parts that the value leaves alone go back as they are stored
   */
  encode(value: V, refuse: Refuse, current?: VendorRecord): unknown;
  /** The vendor's record → canonical value. Reads tolerantly, reports what it does not know, never invents. */
  decode(record: VendorRecord): Decoded<V>;
  /** Does the vendor's record hold this value? Default: equal after decoding, or equal on the wire. */
  holds?(record: VendorRecord, value: V): boolean;
  /** Part of this value that can never be read back, as a reason; the best outcome is then `accepted`. */
  unconfirmable?(value: V): string | undefined;
  /** What is stored with this field, cannot be shown, and would be deleted by an update of it, as a reason. Never a value. */
  loses?(record: VendorRecord): string | undefined;
  /** Whole-record vendors: the body value that leaves the stored one alone. `block` says why the vendor would refuse it. */
  keep?(record: VendorRecord, block: (detail: string) => void): unknown;
}

/** A field that this vendor has no place for. */
export interface UnsupportedField {
  readonly supported: false;
  /** One English sentence for receipts, errors and the capability matrix. */
  readonly reason: string;
}

export type FieldMapping<V> = MappedField<V> | UnsupportedField;

/** Total by type: a new canonical field does not compile until every adapter answers for it. */
export type FieldTable = { readonly [F in Field]: FieldMapping<StaffFields[F]> };

/** The closed list of what can go wrong in a vendor call. */
export type FailureKind =
  /** The vendor has no such record. */
  | 'record_not_found'
  /** The vendor refuses our credentials, or they lack a right. A person has to act. */
  | 'credentials_rejected'
  /** The session token is no longer valid; a new login may help. */
  | 'session_expired'
  /** The update contradicts something that is stored: a taken identifier. */
  | 'conflict'
  /**
   * The record is not the one that the write was planned on any more, and the vendor has refused it for that. The record is read
   * again, merged anew and written once more, unless somebody else has changed the very same field.
   */
  | 'outdated'
  /** The vendor judged the update and refused it. */
  | 'rejected'
  /** Too fast; waiting helps. */
  | 'rate_limited'
  /** A quota is used up; waiting a little does not help. */
  | 'quota_exhausted'
  /** The vendor says that it failed (5xx), or cannot be reached. */
  | 'unavailable'
  /** No complete answer came in time, or the connection broke after sending. */
  | 'timeout'
  /** An answer that makes no sense under the vendor's contract. */
  | 'unexpected_response';

/**
 * One fact about a vendor's errors that its status does not tell. The first rule that fits decides; what no rule fits has the
 * usual meaning of its status: 400 and 422 `rejected`, 401 and 403 `credentials_rejected`, 404 and 410 `record_not_found`,
 * 409 and 412 `conflict`, 408 `timeout`, 429 `rate_limited`, 5xx `unavailable`, all others `unexpected_response`.
 */
export interface ErrorRule {
  status: number;
  when?: (body: unknown) => boolean;
  kind: FailureKind;
  /** Seconds until a retry makes sense, if the headers (lower-case names) tell; default: by `Retry-After`. */
  retryAfter?: (
    headers: Readonly<Record<string, string | string[] | undefined>>,
    now: Date,
  ) => number | undefined;
}

/** One complaint of the vendor about one member of the body, as it said it. */
export interface VendorIssue {
  /** The body member, or undefined when the complaint is about the whole. */
  key?: string | undefined;
  text: string;
}

/** Turns a vendor's complaint into a stable code and our own sentence. `key` absent fits every member. */
export type IssueRule = {
  key?: string;
  text: RegExp;
  /** What the whole failure becomes when this issue is among its causes; default `rejected`. */
  kind?: FailureKind;
  /** True if the text is a fixed sentence of the vendor's that cannot carry personal data. */
  safe?: boolean;
} & Meaning;

export interface AdapterErrors {
  readonly rules?: readonly ErrorRule[];
  /**
   * The complaints in an error body, in the vendor's order.
   * @param sent the body that they are about, for vendors that point into it
   */
  issues(body: unknown, sent?: unknown): readonly VendorIssue[];
  readonly issueRules: readonly IssueRule[];
  /** The vendor's own machine-readable code, if the body has one; what does not look like a code is not shown. */
  code?(body: unknown): string | undefined;
}

/** How a session is opened if no static credential is configured. */
export interface Login {
  /** A function if it is dated or signed, and so made anew for each login. */
  request: VendorRequest | ((moment: LoginMoment) => Promise<VendorRequest>);
  /** The configured address of the login if it is not below the base URL; its path takes the place of the request's. */
  url?: string;
  /** The token in a successful answer. */
  session(body: unknown): string | undefined;
  /** For how long a token is used before a new one is fetched, in seconds. */
  lifetimeSeconds: number | ((body: unknown) => number);
}

/** What a login may not make up by itself. */
export interface LoginMoment {
  readonly now: Date;
  /** A text that no other login has. */
  readonly unique: string;
}

/** A public key as a JSON Web Key (RFC 7517). */
export type PublicKey = Readonly<Record<string, unknown>>;

/** How records of one kind are read and written. All members are pure. */
export interface RecordAccess {
  /**
   * `changes`: only changed members are sent. `whole-record`: every member of the table is sent each time. `merged`: the body
   * holds only changed members, and `write` puts them into `current`, which is always read before.
   */
  readonly writes: 'changes' | 'whole-record' | 'merged';
  /** What a successful write answers with. */
  readonly answers: 'record' | 'acknowledgement';
  read(id: string): VendorRequest;
  /**
   * The requests that make the record hold `body`; usually one. Several are sent in order, each once, and stop at the first that
   * fails; what is true then only a read can tell, so they need `answers: 'acknowledgement'`.
   * @param body new values by the keys of the table
   * @param current the stored record that the update was planned on, if one was read: to keep what the table does not know, to
   * name its version, to send only what differs
   */
  write(id: string, body: VendorRecord, current?: VendorRecord): VendorRequest | readonly VendorRequest[];
  /**
   * True if `write` names the version that it was planned on, so that the vendor refuses it (`outdated`) once the record has
   * changed: it is not read again right before it is written.
   */
  readonly versioned?: boolean;
  /**
   * The record in an answer to `read`, or to `write` if it answers with one. `null`: a good answer (a list, say) in
   * which the record is not found. `undefined`: not an answer that this vendor's contract knows.
   */
  record(body: unknown, id: string): VendorRecord | null | undefined;
  /** True for a good answer to a write that does not show the record, from a vendor that mostly does; it is read then. */
  acknowledges?(body: unknown): boolean;
  /** The id that the vendor's record, or its acknowledgement, says it is about. */
  idOf?(body: VendorRecord): string | undefined;
  /** How all records are read. Absent: the vendor has no list of them. */
  readonly list?: RecordList;
  /** A value that changes whenever the stored record changes, if the vendor has one. */
  revision?(record: VendorRecord): string | undefined;
  /**
   * The members of a record by the vendor's contract, so that a change of it is noticed: what is missing, or new, is counted
   * and logged. Absent: not watched.
   */
  readonly recordShape?: {
    /** Shown in every record. */
    readonly always: readonly string[];
    /** Shown in some. */
    readonly sometimes: readonly string[];
  };
}

/**
 * Where a vendor keeps another part of a staff record. It is read only if a sent field, or a read, needs it, and written after
 * the resources that stand before it. Its fields are lifted by `inResource`, so that they see records of this resource alone.
 */
export interface Resource extends RecordAccess {
  /** For people and plans: `practitioner`. */
  readonly name: string;
  /** The id of the part that belongs to a primary record; undefined: there is none, so its fields can be neither read nor written. */
  idIn(primary: VendorRecord): string | undefined;
  /** What "not found" stands for, if it only says that nothing is stored yet. Absent: a part that is not there. */
  readonly absent?: VendorRecord;
  /** How the primary records that lead to a part are found, if it may be several. Absent: a part has one owner. */
  owners?(id: string): Owners;
}

/** A read that finds the primary records that lead to one part, and perhaps others. */
export interface Owners {
  readonly request: VendorRequest;
  /** The ids of those that do; undefined for an answer that the vendor's contract does not know. */
  ids(body: unknown): readonly string[] | undefined;
}

/**
 * An adapter that has been given its settings. It is the access to the primary records, which links name, and knows where the
 * rest of a staff record is.
 */
export interface Adapter extends RecordAccess {
  readonly fields: FieldTable;
  readonly errors: AdapterErrors;
  /** Only ids of this form exist at the vendor; any other is "not found" without a call. */
  readonly recordId: RegExp;
  readonly login?: Login;
  /** Headers that authorise a call; `session` is the token of `login` if there is one. */
  authorize(session: string | undefined): Readonly<Record<string, string>>;
  idOf(body: VendorRecord): string | undefined;
  /** Further resources of a staff record, in the order in which they are written. */
  readonly also?: readonly Resource[];
  /** True if numbers of a record go back with the digits that they came with. */
  readonly exactNumbers?: boolean;
  /** The public keys of what this connection signs with, which the vendor may fetch from the gateway. */
  publicKeys?(): Promise<readonly PublicKey[]>;
  /** What the vendor calls its specialties, if records hold their codes alone: shown by reads as `display`. */
  readonly specialtyNames?: NameList;
  /** For `doctor`: what shows, without changing anything, that the connection is in order. */
  readonly checks?: ConnectionChecks;
  /** Stored data that a change of `keys` would destroy without the caller's knowledge: `[field, detail]` rows. */
  endangers?(record: VendorRecord, keys: readonly string[]): readonly (readonly [Field, string])[];
  /** A person's name in a record of a vendor that shows one and has no field for it: to find who is the same elsewhere. */
  nameIn?(record: VendorRecord): string | undefined;
}

/** Names that a vendor keeps in a list of their own. It is read once and kept for a while. */
export interface NameList {
  readonly request: VendorRequest;
  /** By the caller's codes; undefined for an answer that the vendor's contract does not know. */
  names(body: unknown): ReadonlyMap<string, string> | undefined;
}

/** All records of a vendor, in one answer or by pages. Filters are applied above: vendors' own cannot be trusted alike. */
export interface RecordList {
  readonly first: VendorRequest;
  /**
   * The records in an answer, as `record` gives one; what is not a record (`undefined`, or one without an id) is counted and
   * left out. `undefined` for all of it: not an answer that this vendor's contract knows, or one that does not say how to go on.
   */
  rows(body: unknown): readonly unknown[] | undefined;
  /**
   * The request for the next page; undefined after the last one.
   * @param request what `body` answers
   */
  next?(body: unknown, request: VendorRequest): VendorRequest | undefined;
  /**
   * How many there are on all pages, if the answer says so: where pages are counted off, a record that is added or removed
   * meanwhile moves others to pages that were read.
   */
  total?(body: unknown): number | undefined;
}

/** Reads that tell whether a connection and its code lists fit the vendor. */
export interface ConnectionChecks {
  /** A cheap read that only works with good credentials. */
  readonly credentials: VendorRequest;
  /** What the vendor says of itself that it cannot do; a sentence each, none if all is well, undefined for any other answer. */
  readonly abilities?: {
    readonly request: VendorRequest;
    missing(body: unknown): readonly string[] | undefined;
  };
  /** What proves that the credentials may write, or a sentence that says why that cannot be checked. */
  readonly write?: WriteProof | string;
  /** Per code list: where the vendor lists its codes, or a sentence that says why that cannot be checked. */
  readonly lists: Readonly<Record<string, ReferenceList | string>>;
}

/**
 * A write that cannot change anything, whoever sends it: to a record that cannot exist, say. A vendor that judges the right to
 * write first refuses it for another reason if there is that right.
 */
export interface WriteProof {
  readonly request: VendorRequest;
  /** The failures that only credentials with the right to write meet. A good answer proves it too. */
  readonly proof: readonly FailureKind[];
}

/** A list of what exists at the vendor. */
export interface ReferenceList {
  readonly request: VendorRequest;
  /** What an answer lists; undefined if it is not such a list. */
  entries(body: unknown): readonly ReferenceEntry[] | undefined;
  /** The request for the next page, if there is one. */
  next?(body: unknown): VendorRequest | undefined;
  /** Brings two spellings of one code together. */
  fold?(code: string): string;
}

export interface ReferenceEntry {
  /** The vendor's code. */
  readonly code: string;
  /** What the vendor calls it. */
  readonly name?: string;
  /** True where the vendor shows that it is not in use any more. */
  readonly inactive?: boolean;
}

/** One vendor, as listed in the registry. Folder name = `name` = the config's `adapter`. */
export interface AdapterModule<Settings = AdapterSettings> extends ConfigurableAdapter {
  connect(settings: Settings): Adapter;
}

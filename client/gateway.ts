// biome-ignore-all lint: generated
// biome-ignore-all format: generated
// biome-ignore-all assist: generated
/** The stable code of a problem. Branch on this. */
export type ProblemCode =
  | "malformed_request"
  | "unauthenticated"
  | "forbidden"
  | "staff_not_found"
  | "not_found"
  | "method_not_allowed"
  | "conflict"
  | "idempotency_in_progress"
  | "cursor_expired"
  | "payload_too_large"
  | "unsupported_media_type"
  | "precondition_failed"
  | "precondition_required"
  | "validation_failed"
  | "unsupported_field"
  | "unmapped_code"
  | "not_clearable"
  | "stored_value_invalid"
  | "vendor_rejected"
  | "idempotency_key_reused"
  | "rate_limited"
  | "vendor_credentials_rejected"
  | "vendor_unexpected_response"
  | "write_not_confirmed"
  | "vendor_unavailable"
  | "vendor_rate_limited"
  | "gateway_unavailable"
  | "clinic_is_moving"
  | "vendor_timeout"
  | "internal_error";

/** `queued` and `running` are on the way. `succeeded` and `failed` are final, `answer` says how. `dead`: no attempt gave a definite answer; retry it, or let an operator decide. Later updates of the same staff member wait until then. */
export type OperationStatus =
  | "queued"
  | "running"
  | "succeeded"
  | "failed"
  | "dead";

export type Day = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";

/** A JSON Merge Patch (RFC 7396): absent keeps, `null` clears, objects merge member by member, arrays replace. Shown is the canonical spelling; on the way in, white space is trimmed, case does not matter in enumerations and day names (`Monday` is `mon`), `9:00` is `09:00:00`, and a date-time counts as its date. Text has something visible, no half of a surrogate pair, and no control characters; line breaks and tabs are allowed in `address.text` and in the `description` of a recurrence. Dates are of the calendar, from the year 0001. */
export interface StaffPatch {
  /** Whether the person works here now. */
  status?: StaffStatus;
  /** The person’s name. */
  name?: {
    /**
     * @minLength 1
     * @maxLength 200
     * @pattern ^\s*[^\u0000-\u001f\u007f]*\s*$
     */
    given?: string | null;
    /**
     * @minLength 1
     * @maxLength 200
     * @pattern ^\s*[^\u0000-\u001f\u007f]*\s*$
     */
    family?: string | null;
  } | null;
  /**
   * National identity number: 7 to 20 letters and digits. Dots, spaces and hyphens between its groups are removed, leading zeros kept.
   * @pattern ^[\s.\u00ad\u00b7\u200b-\u200f\u2010-\u2015\u2024\u202a-\u202e\u2043\u2060-\u2064\u2212\u2219\ufe58\ufe63\ufeff\uff0d\uff0e-]*(?:[0-9A-Za-z\uff10-\uff19\uff21-\uff3a\uff41-\uff5a][\s.\u00ad\u00b7\u200b-\u200f\u2010-\u2015\u2024\u202a-\u202e\u2043\u2060-\u2064\u2212\u2219\ufe58\ufe63\ufeff\uff0d\uff0e-]*){7,20}$
   */
  nationalId?: string | null;
  /** Date of birth, `YYYY-MM-DD`, 1850 or later. */
  birthDate?: BirthDate;
  /** Administrative gender. */
  gender?: Gender;
  /** Postal address. */
  address?: {
    /**
     * @minLength 1
     * @maxLength 500
     * @pattern ^\s*[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*\s*$
     */
    text?: string | null;
  } | null;
  /**
   * 3 to 30 digits, spaces and the signs `-` `+` `(` `)` `.`, at least 3 of them digits, with an extension (`x23`, `ext. 23`) or without.
   * @maxLength 30
   * @pattern ^(?=(?:[^0-9\uff10-\uff19]*[0-9\uff10-\uff19]){3})[0-9\uff10-\uff19+()xXeEtT\uff08\uff09\uff0b\uff58\s.\u00ad\u00b7\u200b-\u200f\u2010-\u2015\u2024\u202a-\u202e\u2043\u2060-\u2064\u2212\u2219\ufe58\ufe63\ufeff\uff0d\uff0e-]*$
   */
  phone?: string | null;
  /**
   * E-mail address.
   * @format email
   * @maxLength 254
   */
  email?: string | null;
  /**
   * Role code, such as `doctor`.
   * @minLength 1
   * @maxLength 100
   * @pattern ^\s*[^\u0000-\u001f\u007f]*\s*$
   */
  role?: string | null;
  /** One coded specialty; `system` defaults to SNOMED CT. */
  specialty?: {
    /**
     * @minLength 1
     * @maxLength 100
     * @pattern ^\s*[^\u0000-\u001f\u007f]*\s*$
     */
    code?: string;
    /**
     * @minLength 1
     * @maxLength 200
     * @pattern ^\s*[^\u0000-\u001f\u007f]*\s*$
     */
    display?: string | null;
    /**
     * @format uri
     * @maxLength 200
     */
    system?: string | null;
  } | null;
  /**
   * Id of the organization.
   * @minLength 1
   * @maxLength 200
   * @pattern ^\s*[^\u0000-\u001f\u007f]*\s*$
   */
  organizationId?: string | null;
  /**
   * Id of the location.
   * @minLength 1
   * @maxLength 200
   * @pattern ^\s*[^\u0000-\u001f\u007f]*\s*$
   */
  locationId?: string | null;
  /** When the role is held; `end` is not before `start`. */
  period?: {
    /** @format date */
    start?: string | null;
    /** @format date */
    end?: string | null;
  } | null;
  /**
   * The whole week: an array replaces the stored one.
   * @maxItems 200
   */
  availableTime?: AvailableTimePatch[] | null;
}

/** One block of weekly hours. It ends after it starts, on the same day: an overnight shift is two blocks. Blocks of one day do not overlap. */
export interface AvailableTimePatch {
  /** @minItems 1 */
  daysOfWeek: Day[];
  /** @pattern ^\s*[Tt]?([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?\s*$ */
  availableStartTime: string;
  /** @pattern ^\s*[Tt]?([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?\s*$ */
  availableEndTime: string;
  /**
   * @minLength 1
   * @maxLength 200
   * @pattern ^\s*[^\u0000-\u001f\u007f]*\s*$
   */
  locationId?: string;
  period?: {
    /** @format date */
    start?: string;
    /** @format date */
    end?: string;
  };
  recurrence?: {
    /**
     * @min 1
     * @max 1000
     */
    interval: number;
    unit: "day" | "week";
    /** @format date */
    start?: string;
    /** @format date */
    end?: string;
    /**
     * @minLength 1
     * @maxLength 500
     * @pattern ^\s*[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*\s*$
     */
    description?: string;
  };
}

/** The record as far as the vendor shows it: a field that it does not show is absent; `null` is empty, or unreadable (`meta.warnings` then says so). */
export interface Staff {
  /** The staff id of the URL. */
  id: string;
  /** Whether the person works here now. */
  status?: StaffStatus;
  /** The person’s name. */
  name?: Name;
  /** National identity number: 7 to 20 letters and digits. Dots, spaces and hyphens between its groups are removed, leading zeros kept. */
  nationalId?: NationalId;
  /** Date of birth, `YYYY-MM-DD`, 1850 or later. */
  birthDate?: BirthDate;
  /** Administrative gender. */
  gender?: Gender;
  /** Postal address. */
  address?: Address;
  /** 3 to 30 digits, spaces and the signs `-` `+` `(` `)` `.`, at least 3 of them digits, with an extension (`x23`, `ext. 23`) or without. */
  phone?: Phone;
  /** E-mail address. */
  email?: string | null;
  /** Role code, such as `doctor`. */
  role?: string | null;
  /** One coded specialty; `system` defaults to SNOMED CT. */
  specialty?: Specialty;
  /** Id of the organization. */
  organizationId?: string | null;
  /** Id of the location. */
  locationId?: string | null;
  /** When the role is held; `end` is not before `start`. */
  period?: Period;
  /** The whole week: an array replaces the stored one. */
  availableTime?: AvailableTime[] | null;
}

/** A record of the staff list, as `GET /staff/{id}` shows it. */
export interface ListedStaff {
  /** The staff id; `null` for a record without a link. */
  id: string | null;
  /** The vendor’s own id of the record. */
  vendorRecordId: string;
  /** Whether the person works here now. */
  status?: StaffStatus;
  /** The person’s name. */
  name?: Name;
  /** National identity number: 7 to 20 letters and digits. Dots, spaces and hyphens between its groups are removed, leading zeros kept. */
  nationalId?: NationalId;
  /** Date of birth, `YYYY-MM-DD`, 1850 or later. */
  birthDate?: BirthDate;
  /** Administrative gender. */
  gender?: Gender;
  /** Postal address. */
  address?: Address;
  /** 3 to 30 digits, spaces and the signs `-` `+` `(` `)` `.`, at least 3 of them digits, with an extension (`x23`, `ext. 23`) or without. */
  phone?: Phone;
  /** E-mail address. */
  email?: string | null;
  /** Role code, such as `doctor`. */
  role?: string | null;
  /** One coded specialty; `system` defaults to SNOMED CT. */
  specialty?: Specialty;
  /** Id of the organization. */
  organizationId?: string | null;
  /** Id of the location. */
  locationId?: string | null;
  /** When the role is held; `end` is not before `start`. */
  period?: Period;
  /** The whole week: an array replaces the stored one. */
  availableTime?: AvailableTime[] | null;
}

/** The person’s name. */
export type Name = {
  given?: string | null;
  family?: string | null;
} | null;

/** National identity number: 7 to 20 letters and digits. Dots, spaces and hyphens between its groups are removed, leading zeros kept. */
export type NationalId = string | null;

/** Postal address. */
export type Address = {
  text?: string | null;
} | null;

/** 3 to 30 digits, spaces and the signs `-` `+` `(` `)` `.`, at least 3 of them digits, with an extension (`x23`, `ext. 23`) or without. */
export type Phone = string | null;

/** One coded specialty; `system` defaults to SNOMED CT. */
export type Specialty = {
  code?: string;
  display?: string | null;
  system?: string | null;
} | null;

/** When the role is held; `end` is not before `start`. */
export type Period = {
  /** @format date */
  start?: string | null;
  /** @format date */
  end?: string | null;
} | null;

/** Whether the person works here now. */
export type StaffStatus = "active" | "inactive" | "on-leave" | null;

/**
 * Date of birth, `YYYY-MM-DD`, 1850 or later.
 * @format date
 */
export type BirthDate = string | null;

/** Administrative gender. */
export type Gender = "male" | "female" | "other" | "unknown" | null;

/** One block of weekly hours. */
export interface AvailableTime {
  daysOfWeek: Day[];
  availableStartTime: string;
  availableEndTime: string;
  locationId?: string;
  period?: {
    /** @format date */
    start?: string;
    /** @format date */
    end?: string;
  };
  recurrence?: {
    interval: number;
    unit: "day" | "week";
    /** @format date */
    start?: string;
    /** @format date */
    end?: string;
    description?: string;
  };
}

/** What became of one top-level member of the update. */
export interface ReceiptRow {
  /** JSON pointer of the member, such as `/name`. */
  pointer: string;
  /** `verified`: the vendor’s returned or re-read record holds the value. `accepted`: the vendor acknowledged and the value cannot be read back. `unchanged`: a read has shown that it already had the value. `dropped`: the vendor cannot hold it (`Prefer: handling=lenient` only). In a problem also `not_applied`, and `unknown`: nobody can tell, or only a part. */
  outcome:
    | "verified"
    | "accepted"
    | "unchanged"
    | "dropped"
    | "not_applied"
    | "unknown";
  /** Why, if the outcome alone does not say it. */
  detail?: string;
}

/** Something to know although the request succeeded. */
export interface Warning {
  /** JSON pointer of the field that it is about. */
  pointer?: string;
  /** A stable code: `unreadable`, `lost_on_update`, `stored_value_invalid`, `not_stored`, `normalised`, `settled_by_reading`. */
  code: string;
  /** For people. Never carries a value. */
  detail: string;
}

/** About the answer. */
export interface ReadMeta {
  /** The `X-Request-Id` of the answer. */
  requestId: string;
  /** The caller’s clinic. */
  clinic: string;
  /** Name of the vendor connection that holds the record. */
  vendor: string;
  /** The vendor’s own id of the record. */
  vendorRecordId: string;
  /** Empty if there is nothing to report. */
  warnings: Warning[];
}

/** A request to the vendor. */
export interface VendorRequest {
  /** HTTP method. */
  method: string;
  /** URL at the vendor. */
  url: string;
  headers: Record<string, string>;
  body?: object | any[];
}

/** About the answer, with the receipt. */
export interface UpdateMeta {
  /** The `X-Request-Id` of the answer. */
  requestId: string;
  /** The caller’s clinic. */
  clinic: string;
  /** Name of the vendor connection that holds the record. */
  vendor: string;
  /** The vendor’s own id of the record. */
  vendorRecordId: string;
  /** One row for each top-level member that was sent. */
  receipt: ReceiptRow[];
  /** Empty if there is nothing to report. */
  warnings: Warning[];
  /** Nothing was sent to be written. */
  dryRun?: true;
  /** Dry run: what would be sent, in order, credentials masked. */
  vendorRequests?: VendorRequest[];
  /** If it is one; `null` if none. */
  vendorRequest?: VendorRequest | null;
}

/** A page of the staff list. */
export interface StaffListAnswer {
  /** In the vendor’s order. Empty if nothing matches. */
  data: ListedStaff[];
  /** About the page, and the list that it is of. */
  meta: {
    /** The `X-Request-Id` of the answer. */
    requestId: string;
    /** The caller’s clinic. */
    clinic: string;
    /** Name of the vendor connection that holds the records. */
    vendor: string;
    /** `live`: read from the vendor for this request. `cache`: read a short while ago. */
    source: "live" | "cache";
    /**
     * When the reading of the list began.
     * @format date-time
     */
    asOf: string;
    /** Set if the vendor counts more than it lists. */
    complete?: false;
    /** How many records fit, on all pages. */
    total: number;
    /** Send it as `cursor`, with the same filters, for the next page; `null` on the last one. */
    nextCursor: string | null;
    /** Pointers lead into `data`: `/0/status`. One without a pointer is about the list, such as `list_incomplete`, `rows_skipped`, `parts_not_listed` and `not_listed`. */
    warnings: Warning[];
  };
}

/** A staff member. */
export interface StaffAnswer {
  /** The record as far as the vendor shows it: a field that it does not show is absent; `null` is empty, or unreadable (`meta.warnings` then says so). */
  data: Staff;
  /** About the answer. */
  meta: ReadMeta;
}

/** A staff member after an update. `data` is left out under `Prefer: return=minimal`. */
export interface UpdateAnswer {
  /** The record as far as the vendor shows it: a field that it does not show is absent; `null` is empty, or unreadable (`meta.warnings` then says so). */
  data?: Staff;
  /** About the answer, with the receipt. */
  meta: UpdateMeta;
}

/** An FHIR R4 Bundle of type searchset; see hl7.org/fhir/R4/bundle.html. */
export interface Bundle {
  resourceType: "Bundle";
  type: "searchset";
  [key: string]: any;
}

/** An FHIR R4 PractitionerRole; see hl7.org/fhir/R4/practitionerrole.html. */
export interface PractitionerRole {
  resourceType: "PractitionerRole";
  [key: string]: any;
}

/** What a clinic can do with one field. */
export interface Capability {
  /** JSON pointer of the field. */
  pointer:
    | "/status"
    | "/name/given"
    | "/name/family"
    | "/nationalId"
    | "/birthDate"
    | "/gender"
    | "/address/text"
    | "/phone"
    | "/email"
    | "/role"
    | "/specialty"
    | "/organizationId"
    | "/locationId"
    | "/period"
    | "/availableTime";
  /** Whether `GET` can show it. */
  read: boolean;
  /** Whether `PATCH` can change it. */
  write: boolean;
  /** Whether `null` is accepted for the whole field; `note` says if a part differs. */
  clear: boolean;
  /** The allowed values, if they are a closed list. */
  values?: string[];
  /** Members that may be sent but are not stored, each with the reason. */
  notStored?: Record<string, string>;
  /** Why the field cannot be written, or cannot be cleared. */
  reason?: string;
  /** A remark, such as which values the members of a composite field can have here. */
  note?: string;
}

/** What the caller’s clinic can read and write. */
export interface CapabilitiesAnswer {
  /** The vendor and its fields. */
  data: {
    /** Name of the vendor connection. */
    vendor: string;
    /** The kind of vendor system. */
    adapter: string;
    /** All fields, in the order of the record. */
    fields: Capability[];
  };
  /** About the answer. */
  meta: ClinicMeta;
}

export interface NewLink {
  /**
   * The id of the record at the vendor.
   * @minLength 1
   * @maxLength 200
   */
  vendorRecordId: string;
}

/** Which vendor record a staff id is linked to. */
export interface Link {
  /** Name of the vendor connection. */
  vendor: string;
  /** The vendor’s own id of the record. */
  vendorRecordId: string;
}

/** A link. */
export interface LinkAnswer {
  /** Which vendor record a staff id is linked to. */
  data: Link;
  /** About the answer. */
  meta: ClinicMeta;
}

/** All links of a staff id. */
export interface LinksAnswer {
  /** One for each vendor. */
  data: Link[];
  /** About the answer. */
  meta: ClinicMeta;
}

/** An update that was accepted and is delivered later. */
export interface AcceptedAnswer {
  /** The operation. */
  data: {
    /**
     * Id of the operation.
     * @format uuid
     */
    id: string;
    /** The staff member that is updated. */
    staffId: string;
    /** `queued` and `running` are on the way. `succeeded` and `failed` are final, `answer` says how. `dead`: no attempt gave a definite answer; retry it, or let an operator decide. Later updates of the same staff member wait until then. */
    status: OperationStatus;
    /**
     * When the update was accepted.
     * @format date-time
     */
    createdAt: string;
  };
  /** About the answer. */
  meta: ClinicMeta;
}

/** An update that is delivered later. */
export interface Operation {
  /**
   * Id of the operation.
   * @format uuid
   */
  id: string;
  /** The staff member that is updated. */
  staffId: string;
  /** `queued` and `running` are on the way. `succeeded` and `failed` are final, `answer` says how. `dead`: no attempt gave a definite answer; retry it, or let an operator decide. Later updates of the same staff member wait until then. */
  status: OperationStatus;
  /**
   * When the update was accepted.
   * @format date-time
   */
  createdAt: string;
  /**
   * When it reached its end.
   * @format date-time
   */
  finishedAt?: string;
  /**
   * When it is tried next, if it only waits for its time.
   * @format date-time
   */
  nextAttemptAt?: string;
  /** The earlier operation of the same staff member that has to end first. */
  waitsFor?: string;
  /** Why the last attempt did not succeed. */
  lastError?: {
    /** A problem code, or one of the queue’s own. */
    code: string;
    /** For people. Never carries a value. */
    detail: string;
  };
  /** Every attempt, in order. */
  attempts: {
    /** Counted from 1. */
    number: number;
    /**
     * When it began.
     * @format date-time
     */
    startedAt: string;
    /**
     * When it ended.
     * @format date-time
     */
    finishedAt?: string;
    /** `postponed`: tried again later. `interrupted`: the process that made it is gone, or gave it back. */
    outcome?: "succeeded" | "failed" | "postponed" | "interrupted";
    /** A problem code, or one of the queue’s own, such as `lease_expired`. */
    code?: string;
    /** For people. Never carries a value. */
    detail?: string;
  }[];
  /** The answer that `PATCH` would have given. */
  answer?: {
    /** Its status. */
    status: number;
    /** Its body. */
    body: UpdateAnswer | Problem;
  };
}

/** The state of an operation. */
export interface OperationAnswer {
  /** An update that is delivered later. */
  data: Operation;
  /** About the answer. */
  meta: ClinicMeta;
}

/** One row of the audit. Rows are never changed. */
export interface Change {
  /** What was done. `link`: one was made or replaced. `discard`, `retry`: of a queued update. `refusal`: 401 or 403. `copy`, `switch`: to another vendor. `mirror`: an update for it. `operator`: another act of theirs. */
  kind:
    | "update"
    | "dry_run"
    | "link"
    | "link_removed"
    | "import"
    | "discard"
    | "retry"
    | "refusal"
    | "read"
    | "copy"
    | "mirror"
    | "switch"
    | "operator";
  /** Position among the rows of this clinic, of every kind, from 1 and without gaps. */
  sequence: number;
  /**
   * When it ended.
   * @format date-time
   */
  at: string;
  /** The `X-Request-Id` of the request; empty where there was none. */
  requestId: string;
  /** The clinic. */
  clinic: string;
  /** Who did it. */
  caller: string;
  /** Whose record it was about; empty where it was about none. */
  staffId: string;
  /** Name of the vendor connection; empty where it was about none. */
  vendor: string;
  /** `null` if the record was not determined. */
  vendorRecordId: string | null;
  /** `partial`: `fields` says what was done. `refused`: it was not wanted. `failed`: it could not be done. `unknown`: it is not known what happened. `not_sent`: a dry run, which sends nothing. */
  outcome:
    | "success"
    | "partial"
    | "not_sent"
    | "refused"
    | "failed"
    | "unknown";
  /** Status of the answer; `null` if no caller was waiting any more. */
  status: number | null;
  /** Problem code of the answer; `null` for a success. */
  code: string | null;
  /** How long it took, in milliseconds. */
  durationMs: number;
  /** What became of each sent member. */
  fields: {
    /** JSON pointer of the member, such as `/name`. */
    pointer: string;
    /** As in a receipt. */
    outcome:
      | "verified"
      | "accepted"
      | "unchanged"
      | "dropped"
      | "not_applied"
      | "not_confirmed"
      | "unknown";
  }[];
  /** What was sent, by pointer; only where the operator keeps it (`audit.values: full`). */
  values?: Record<string, any>;
  /** Facts of this kind of row: names, ids, counts, or the address that was refused. */
  detail?: Record<string, any>;
}

/** A page of the audit, newest first. */
export interface ChangesAnswer {
  /** Empty if nothing matches. */
  data: Change[];
  /** About the answer. */
  meta: {
    /** The `X-Request-Id` of the answer. */
    requestId: string;
    /** The caller’s clinic. */
    clinic: string;
    /** Send it as `cursor` for the next page; absent on the last one. */
    nextCursor?: string;
  };
}

/** One complaint about one place in the request. */
export interface FieldError {
  /** JSON pointer into the body as it was sent; empty for the whole. */
  pointer: string;
  /** A stable code, such as `invalid_format`. */
  code: string;
  /** For people. Never carries a value. */
  detail: string;
}

/** Problem details (RFC 9457). Every answer that is not a success is one. */
export interface Problem {
  /**
   * Where the code is explained.
   * @format uri-reference
   */
  type: string;
  /** The code in words. */
  title: string;
  /** The status of the answer. */
  status: number;
  /** The stable code of a problem. Branch on this. */
  code: ProblemCode;
  /** What happened here, for people. Never carries a value. */
  detail: string;
  /** The `X-Request-Id` of the answer. Quote it when you ask for help. */
  requestId: string;
  /** Every complaint, not only the first. */
  errors?: FieldError[];
  /** What the vendor said, as far as it may be shown. */
  vendor?: {
    /** Name of the vendor connection. */
    name: string;
    /** The status of the vendor’s answer. */
    status?: number;
    /** The vendor’s own code. */
    code?: string;
    /** The vendor’s own sentence, only if it carries no personal data. */
    message?: string;
  };
  /** What is known about the update. `partial`: `receipt` says which part was applied; the same request with the same `Idempotency-Key` sends the rest. */
  outcome?: "applied" | "partial" | "not_applied" | "unknown";
  /** What became of the other members; of all, if `outcome` is `partial`. */
  receipt?: ReceiptRow[];
}

/** What a problem code means. */
export interface ProblemKind {
  /** The stable code of a problem. Branch on this. */
  code: ProblemCode;
  /** The status of answers with this code. */
  status: number;
  /** The code in words. */
  title: string;
  /** What happened and what to do. */
  meaning: string;
}

/** A JSON Web Key Set (RFC 7517). */
export interface KeySet {
  /** One for each private key in the configuration. */
  keys: Record<string, any>[];
}

/** Whether the gateway can work, and what it is waiting for. */
export interface Readiness {
  /** The sum of the checks. */
  status: "ready" | "not ready";
  /** What the gateway itself needs. */
  checks: {
    /** The configuration in use. */
    config: "ok";
    /** Its database. */
    store: "ok" | "failed";
    /** `stopping`: requests are taken for a short while only (`server.drainMs`). */
    process: "ok" | "stopping";
  };
  /** `refused`: the file on disk cannot be used, and the configuration before it stays in use; that is no reason to be unready. */
  configFile: "ok" | "refused";
  /** `refused`: the certificate files on disk cannot be used, and the certificate before them stays in use; likewise no reason. */
  certificate: "ok" | "refused";
}

/** How the gateway is. */
export interface Health {
  /** In a word or two. */
  status: string;
}

/** About the answer. */
export interface ClinicMeta {
  /** The `X-Request-Id` of the answer. */
  requestId: string;
  /** The caller’s clinic. */
  clinic: string;
}

import { HttpClient, type RequestParams } from "./http.js";

/** The gateway's operations. Each call resolves for a success and throws a `GatewayError` for everything else. */
export class Gateway extends HttpClient {
  staff = {
    /**
     * @description Carries the update out at the vendor that holds the record, and answers with a receipt: one row for each top-level member that was sent. Strict handling, the default, refuses an update with a field that the vendor cannot hold, names all of them, and sends nothing. Needs the scope `staff:write`.
     *
     * @tags Staff
     * @name UpdateStaff
     * @summary Update a staff member
     * @request PATCH:/staff/{id}
     * @secure
     */
    updateStaff: (
      id: string,
      data: StaffPatch,
      query?: {
        /** `true`: nothing is sent to be written. The answer shows the vendor request and the receipt that it would give at best. The vendor is asked whether the record exists only if the update needs a read. `Idempotency-Key` and `respond-async` are ignored. */
        dryRun?: boolean;
      },
      params: RequestParams = {},
    ) =>
      this.request<UpdateAnswer, Problem>({
        path: `/staff/${encodeURIComponent(id)}`,
        method: "PATCH",
        query: query,
        body: data,
        secure: true,
        type: "application/json",
        format: "json",
        ...params,
      }),

    /**
     * @description Reads the record at the vendor that holds it. With `Accept: application/fhir+json` the answer is an FHIR R4 `PractitionerRole` with a contained `Practitioner`; its `ETag` is the weak form of the same, which as it is cannot be used as `If-Match`. Needs the scope `staff:read`.
     *
     * @tags Staff
     * @name ReadStaff
     * @summary Read a staff member
     * @request GET:/staff/{id}
     * @secure
     */
    readStaff: (id: string, params: RequestParams = {}) =>
      this.request<StaffAnswer, Problem>({
        path: `/staff/${encodeURIComponent(id)}`,
        method: "GET",
        secure: true,
        format: "json",
        ...params,
      }),

    /**
     * @description The clinic’s staff as its vendor holds them, by pages; filters compose. The vendor’s list is read whole, within its limits, and kept for a short while (`meta.source`, `meta.asOf`); with `Cache-Control: no-cache` it is read anew. A list that could not be read to its end is a problem, never a part of it. A filter on a field that the vendor does not show is refused. With `Accept: application/fhir+json` the answer is a searchset `Bundle`. Needs the scope `staff:read`.
     *
     * @tags Staff
     * @name ListStaff
     * @summary List and search the staff
     * @request GET:/staff
     * @secure
     */
    listStaff: (
      query?: {
        /**
         * Part of a name: every word of it is part of the given or the family name. Case and accents do not matter.
         * @maxLength 200
         */
        q?: string;
        /** Only staff with this status. */
        status?: "active" | "inactive" | "on-leave";
        /**
         * Only the person with this national id, written with separators or without.
         * @maxLength 60
         */
        nationalId?: string;
        /**
         * Only staff with this e-mail address, in any case.
         * @maxLength 254
         */
        email?: string;
        /**
         * Only staff whose specialty has this code.
         * @maxLength 100
         */
        specialty?: string;
        /** `false`: the vendor’s records that no staff id stands for, `id` is `null`. Needs the scope `links:write` too, and that no other clinic uses the vendor connection. */
        linked?: "true" | "false";
        /**
         * Records per page, 1 to 200; 50 if absent.
         * @min 1
         * @max 200
         */
        limit?: number;
        /**
         * `meta.nextCursor` of the page before, with the same filters. Good for five minutes.
         * @maxLength 200
         */
        cursor?: string;
      },
      params: RequestParams = {},
    ) =>
      this.request<StaffListAnswer, Problem>({
        path: `/staff`,
        method: "GET",
        query: query,
        secure: true,
        format: "json",
        ...params,
      }),

    /**
     * @description For each field, whether it can be read and written, with the allowed values, and the reason if not. Needs the scope `staff:read`.
     *
     * @tags Staff
     * @name ReadCapabilities
     * @summary What your clinic can read and write
     * @request GET:/capabilities
     * @secure
     */
    readCapabilities: (params: RequestParams = {}) =>
      this.request<CapabilitiesAnswer, Problem>({
        path: `/capabilities`,
        method: "GET",
        secure: true,
        format: "json",
        ...params,
      }),
  };
  links = {
    /**
     * @description One row for each vendor. Empty if there is none. Needs the scope `staff:read`.
     *
     * @tags Links
     * @name ListLinks
     * @summary Which vendor records a staff id is linked to
     * @request GET:/staff/{id}/links
     * @secure
     */
    listLinks: (id: string, params: RequestParams = {}) =>
      this.request<LinksAnswer, Problem>({
        path: `/staff/${encodeURIComponent(id)}/links`,
        method: "GET",
        secure: true,
        format: "json",
        ...params,
      }),

    /**
     * @description Replaces the link to this vendor, if there is one. A vendor record belongs to one staff id only. Possible at the clinic’s own connection, and, to prepare a switch, at those that the operator has named for it; never at one that other clinics have a part in. The vendor is asked for the record, which has to have exactly this id. Needs the scope `links:write`.
     *
     * @tags Links
     * @name PutLink
     * @summary Link a staff id to a vendor record
     * @request PUT:/staff/{id}/links/{vendor}
     * @secure
     */
    putLink: (
      id: string,
      vendor: string,
      data: NewLink,
      params: RequestParams = {},
    ) =>
      this.request<LinkAnswer, Problem>({
        path: `/staff/${encodeURIComponent(id)}/links/${encodeURIComponent(vendor)}`,
        method: "PUT",
        body: data,
        secure: true,
        type: "application/json",
        format: "json",
        ...params,
      }),

    /**
     * @description The vendor’s record stays as it is. Needs the scope `links:write`.
     *
     * @tags Links
     * @name DeleteLink
     * @summary Remove a link
     * @request DELETE:/staff/{id}/links/{vendor}
     * @secure
     */
    deleteLink: (id: string, vendor: string, params: RequestParams = {}) =>
      this.request<void, Problem>({
        path: `/staff/${encodeURIComponent(id)}/links/${encodeURIComponent(vendor)}`,
        method: "DELETE",
        secure: true,
        ...params,
      }),
  };
  operations = {
    /**
     * @description Every attempt and, once it has ended, the answer that the update would have had. Needs the scope `staff:read`.
     *
     * @tags Operations
     * @name ReadOperation
     * @summary The state of a queued update
     * @request GET:/operations/{id}
     * @secure
     */
    readOperation: (id: string, params: RequestParams = {}) =>
      this.request<OperationAnswer, Problem>({
        path: `/operations/${encodeURIComponent(id)}`,
        method: "GET",
        secure: true,
        format: "json",
        ...params,
      }),

    /**
     * @description Only one whose status is `dead`; the next attempt reads the record before it sends anything. Needs the scope `staff:write`.
     *
     * @tags Operations
     * @name RetryOperation
     * @summary Try a dead operation again
     * @request POST:/operations/{id}/retry
     * @secure
     */
    retryOperation: (id: string, params: RequestParams = {}) =>
      this.request<OperationAnswer, Problem>({
        path: `/operations/${encodeURIComponent(id)}/retry`,
        method: "POST",
        secure: true,
        format: "json",
        ...params,
      }),
  };
  audit = {
    /**
     * @description The clinic’s part of the audit, newest first: as pages, or with `Accept: application/x-ndjson` as a stream of lines. Without `kind` only updates: every valid one that was carried out or refused. `kind` asks for other rows, such as dry runs, changed links and refusals. Never listed: what was refused as not valid before a vendor was looked for, answers given again for a key, and what was refused instead of being queued. Needs the scope `changes:read`.
     *
     * @tags Audit
     * @name ListChanges
     * @summary Who changed what, and with what result
     * @request GET:/changes
     * @secure
     */
    listChanges: (
      query?: {
        /** Only rows of this kind; `all`: of every kind. `update` if absent. */
        kind?:
          | "all"
          | "update"
          | "dry_run"
          | "link"
          | "link_removed"
          | "import"
          | "discard"
          | "retry"
          | "refusal"
          | "read"
          | "copy"
          | "mirror"
          | "switch"
          | "operator";
        /** Only changes of this staff member. */
        staffId?: string;
        /**
         * Only changes by this caller, by its name in the configuration.
         * @maxLength 200
         */
        caller?: string;
        /**
         * Only changes at this vendor connection, by its name in the configuration.
         * @maxLength 64
         */
        vendor?: string;
        /** Only changes with this outcome. */
        outcome?:
          | "success"
          | "partial"
          | "not_sent"
          | "refused"
          | "failed"
          | "unknown";
        /**
         * Only changes that ended at this moment or later: ISO 8601.
         * @format date-time
         */
        since?: string;
        /**
         * Only changes that ended before this moment: ISO 8601.
         * @format date-time
         */
        until?: string;
        /** `meta.nextCursor` of the page before. */
        cursor?: string;
        /**
         * Changes per page, 1 to 500; 50 if absent. Of a stream: changes in all; no limit if absent.
         * @min 1
         * @max 500
         */
        limit?: number;
      },
      params: RequestParams = {},
    ) =>
      this.request<ChangesAnswer, Problem>({
        path: `/changes`,
        method: "GET",
        query: query,
        secure: true,
        format: "json",
        ...params,
      }),
  };
  service = {
    /**
     * @description The page behind the `type` of a problem.
     *
     * @tags Service
     * @name ExplainProblem
     * @summary What a problem code means
     * @request GET:/problems/{code}
     */
    explainProblem: (code: ProblemCode, params: RequestParams = {}) =>
      this.request<ProblemKind, Problem>({
        path: `/problems/${encodeURIComponent(code)}`,
        method: "GET",
        format: "json",
        ...params,
      }),

    /**
     * @description For vendors at which the gateway signs itself in. 404 if there is none.
     *
     * @tags Service
     * @name ReadKeys
     * @summary The public keys of the gateway
     * @request GET:/.well-known/jwks.json
     */
    readKeys: (params: RequestParams = {}) =>
      this.request<KeySet, Problem>({
        path: `/.well-known/jwks.json`,
        method: "GET",
        format: "json",
        ...params,
      }),

    /**
     * @description OpenAPI 3.1.
     *
     * @tags Service
     * @name ReadOpenApi
     * @summary This document
     * @request GET:/openapi.json
     */
    readOpenApi: (params: RequestParams = {}) =>
      this.request<Record<string, any>, Problem>({
        path: `/openapi.json`,
        method: "GET",
        format: "json",
        ...params,
      }),

    /**
     * @description For the platform that runs the gateway.
     *
     * @tags Service
     * @name IsAlive
     * @summary Is the process alive?
     * @request GET:/healthz
     */
    isAlive: (params: RequestParams = {}) =>
      this.request<Health, Problem>({
        path: `/healthz`,
        method: "GET",
        format: "json",
        ...params,
      }),

    /**
     * @description A vendor’s outage, or a configuration file that is refused, does not make the gateway unready.
     *
     * @tags Service
     * @name IsReady
     * @summary Can the gateway take requests?
     * @request GET:/readyz
     */
    isReady: (params: RequestParams = {}) =>
      this.request<Readiness, Problem>({
        path: `/readyz`,
        method: "GET",
        format: "json",
        ...params,
      }),
  };
}

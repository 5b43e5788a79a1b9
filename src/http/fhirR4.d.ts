/**
 * The few R4 types that reading uses. Stands in for `@types/fhir@0.0.44` (`fhir/r4`): delete this file once that version is
 * installed instead of 3.0.2, which describes the older STU3.
 */
declare module 'fhir/r4' {
  export interface Period {
    start?: string;
    end?: string;
  }
  export interface Coding {
    system?: string;
    code?: string;
    display?: string;
  }
  export interface CodeableConcept {
    coding?: Coding[];
    text?: string;
  }
  export interface Identifier {
    use?: 'usual' | 'official' | 'temp' | 'secondary' | 'old';
    type?: CodeableConcept;
    system?: string;
    value?: string;
  }
  export interface Reference {
    reference?: string;
    type?: string;
    identifier?: Identifier;
  }
  export interface Extension {
    url: string;
    extension?: Extension[];
    valueCode?: string;
    valueString?: string;
    valuePositiveInt?: number;
    valuePeriod?: Period;
    valueReference?: Reference;
  }
  export interface ContactPoint {
    system?: 'phone' | 'fax' | 'email' | 'pager' | 'url' | 'sms' | 'other';
    value?: string;
  }
  export interface Practitioner {
    readonly resourceType: 'Practitioner';
    id?: string;
    identifier?: Identifier[];
    name?: { family?: string; given?: string[] }[];
    gender?: 'male' | 'female' | 'other' | 'unknown';
    birthDate?: string;
    address?: { text?: string }[];
  }
  export interface PractitionerRoleAvailableTime {
    extension?: Extension[];
    modifierExtension?: Extension[];
    daysOfWeek?: ('mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun')[];
    availableStartTime?: string;
    availableEndTime?: string;
  }
  export interface PractitionerRole {
    readonly resourceType: 'PractitionerRole';
    id?: string;
    extension?: Extension[];
    contained?: Practitioner[];
    identifier?: Identifier[];
    active?: boolean;
    period?: Period;
    practitioner?: Reference;
    organization?: Reference;
    code?: CodeableConcept[];
    specialty?: CodeableConcept[];
    location?: Reference[];
    telecom?: ContactPoint[];
    availableTime?: PractitionerRoleAvailableTime[];
    notAvailable?: { description: string; during?: Period }[];
    availabilityExceptions?: string;
  }
}

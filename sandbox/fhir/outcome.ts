import type { Response } from 'express';
import { withPlainNumbers } from './exactNumbers';

/** One complaint of a FHIR server. */
export interface Issue {
  severity?: 'fatal' | 'error' | 'warning' | 'information';
  code: string;
  diagnostics?: string;
  expression?: string[];
}

export function outcomeOf(issues: readonly Issue[]) {
  return {
    resourceType: 'OperationOutcome',
    issue: issues.map(({ severity = 'error', ...issue }) => ({ severity, ...issue })),
  };
}

export function refuse(response: Response, status: number, ...issues: readonly Issue[]): void {
  send(response.status(status), outcomeOf(issues));
}

/** Sends a resource; the digits of its numbers are as they were stored. */
export function send(response: Response, resource: unknown): void {
  response.type('application/fhir+json').send(withPlainNumbers(JSON.stringify(resource)));
}

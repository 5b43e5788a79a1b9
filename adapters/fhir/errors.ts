/** Which field an issue of an OperationOutcome is about. */
import {
  type AdapterErrors,
  listOf,
  member,
  OUTCOME_RULES,
  outcomeIssues,
  outcomeStatuses,
  textIn,
} from '../../src/adapter';
import type { Options } from './fields';

/** @param hasLogin whether a new access token may help against a 401 */
export function errors(hasLogin: boolean, { nationalIdSystem }: Options): AdapterErrors {
  return {
    rules: outcomeStatuses(hasLogin),
    issueRules: OUTCOME_RULES,
    issues: (body, sent) =>
      outcomeIssues(body, ({ name, index, rest }) => {
        const system = textIn(listOf(member(sent, name))[index], 'system');
        if (name === 'telecom') return system ?? name;
        if (name === 'identifier') return system === nationalIdSystem ? 'nationalId' : name;
        if (name === 'name') return rest.startsWith('given') ? 'given' : 'family';
        return name === 'period' && rest !== '' ? `${name}.${rest}` : name;
      }),
  };
}

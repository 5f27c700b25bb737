import { ArmError } from './armError.ts';
import { isWithin, type RoleAssignment } from './armState.ts';

/** The predicate of a `$filter`: `atScope()`, `principalId eq '…'`, `assignedTo('…')`, joined by `and`; throws on any other. */
export function assignmentFilter(filter: string, scope: string): (assignment: RoleAssignment) => boolean {
  const terms = filter.split(/\s+and\s+/i).map((term) => term.trim());
  const predicates = terms.filter((term) => term !== '').map((term) => predicate(term, scope));
  return (assignment) => predicates.every((holds) => holds(assignment));
}

function predicate(term: string, scope: string): (assignment: RoleAssignment) => boolean {
  if (/^atScope\(\)$/i.test(term)) return (assignment) => isWithin(scope, assignment.scope);
  const { principal } = /^(?:principalId\s+eq\s+|assignedTo\()'(?<principal>[^']+)'\)?$/i.exec(term)?.groups ?? {};
  if (principal) return (assignment) => assignment.principalId.toLowerCase() === principal.toLowerCase();
  throw new ArmError(
    400,
    'UnsupportedQuery',
    `The filter '${term}' is not supported. Supported filters are either 'atScope()' or 'principalId eq '{value}'' or 'assignedTo('{value}')'.`,
  );
}

import { contributorRole } from './roles.ts';

const attribute = (source: 'Request' | 'Resource', name: string): string =>
  `@${source}[Microsoft.Authorization/roleAssignments:${name}]`;

const only = (verb: 'write' | 'delete', source: 'Request' | 'Resource'): string =>
  `((!(ActionMatches{'Microsoft.Authorization/roleAssignments/${verb}'})) OR ` +
  `(${attribute(source, 'RoleDefinitionId')} ForAnyOfAnyValues:GuidEquals {${contributorRole}} AND ` +
  `${attribute(source, 'PrincipalType')} ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}))`;

/** The condition under which the app may assign roles: Contributor alone, and to service principals alone. */
export const delegation = `${only('write', 'Request')} AND ${only('delete', 'Resource')}`;

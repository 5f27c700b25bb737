import type { AssignmentAttributes } from './askedPermissions.ts';

/** What an assignment's condition is held against. */
export interface ConditionContext {
  action: string;
  /** The role assignment that a write asks for. */
  request?: AssignmentAttributes;
  /** The role assignment that is there, of a deletion. */
  resource?: AssignmentAttributes;
}

/**
 * Whether the condition of a role assignment lets the action pass: `ActionMatches`, and the attributes of role
 * assignments compared by `GuidEquals` and `StringEqualsIgnoreCase`, with `!`, `AND`, `OR` and parentheses
 * (azure-docs, role-based-access-control/conditions-format). Throws on anything else, because a condition that is not
 * understood must not be taken for one that holds.
 */
export function conditionHolds(condition: string, context: ConditionContext): boolean {
  const tokens = tokensOf(condition);
  const take = (wanted?: string): string => {
    const token = tokens.shift();
    if (token === undefined || (wanted !== undefined && token.toUpperCase() !== wanted))
      throw new Error(`The condition has ${token ?? 'its end'} in place of ${wanted ?? 'an expression'}.`);
    return token;
  };
  const either = (): boolean => {
    let holds = both();
    while (tokens[0]?.toUpperCase() === 'OR') {
      take();
      // Read before it is judged: the rest has to be understood in any case.
      const other = both();
      holds ||= other;
    }
    return holds;
  };
  const both = (): boolean => {
    let holds = term();
    while (tokens[0]?.toUpperCase() === 'AND') {
      take();
      const other = term();
      holds &&= other;
    }
    return holds;
  };
  const term = (): boolean => {
    const token = take();
    if (token === '!') return !term();
    if (token === '(') {
      const holds = either();
      take(')');
      return holds;
    }
    if (token.toUpperCase() === 'ACTIONMATCHES') return listed().some((pattern) => matches(pattern, context.action));
    return compared(attributeOf(token, context), take());
  };
  const compared = (value: string | undefined, operator: string): boolean => {
    const wanted = listed();
    const comparable = comparisons[operator.toUpperCase()];
    if (!comparable) throw new Error(`The condition compares by ${operator}, which is not known here.`);
    return value !== undefined && wanted.some((one) => comparable(one) === comparable(value));
  };
  const listed = (): string[] => {
    take('{');
    const items: string[] = [];
    while (tokens[0] !== '}') {
      if (tokens[0] === ',') take();
      else items.push(take().replace(/^'|'$/g, ''));
    }
    take('}');
    return items;
  };
  const holds = either();
  if (tokens.length > 0) throw new Error(`The condition goes on with ${tokens[0] ?? ''}.`);
  return holds;
}

function tokensOf(condition: string): string[] {
  const tokens = condition.match(/'[^']*'|@\w+\[[^\]]*\]|[\w-]+(?::\w+)?|[(){},!]|\S/g) ?? [];
  return [...tokens];
}

// A role definition is named by its GUID, or by an id that ends with it.
const guid = (text: string): string => text.toLowerCase().split('/').at(-1)?.replaceAll('-', '') ?? '';

const comparisons: Record<string, (text: string) => string> = {
  'FORANYOFANYVALUES:GUIDEQUALS': guid,
  GUIDEQUALS: guid,
  'FORANYOFANYVALUES:STRINGEQUALSIGNORECASE': (text) => text.toLowerCase(),
  STRINGEQUALSIGNORECASE: (text) => text.toLowerCase(),
};

function attributeOf(token: string, { request, resource }: ConditionContext): string | undefined {
  const [, source = '', name = ''] =
    /^@(Request|Resource)\[Microsoft\.Authorization\/roleAssignments:(\w+)\]$/i.exec(token) ?? [];
  const of = source.toLowerCase() === 'request' ? request : resource;
  switch (name.toLowerCase()) {
    case 'roledefinitionid':
      return of?.roleDefinitionId;
    case 'principalid':
      return of?.principalId;
    case 'principaltype':
      return of?.principalType;
    default:
      throw new Error(`The condition asks for ${token}, which is not known here.`);
  }
}

const matches = (pattern: string, action: string): boolean =>
  new RegExp(`^${pattern.replaceAll('.', String.raw`\.`).replaceAll('*', '.*')}$`, 'i').test(action);

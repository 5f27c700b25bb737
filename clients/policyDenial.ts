import * as v from 'valibot';

const name = v.fallback(v.optional(v.string(), ''), '');

/** Of `additionalInfo` (azure-docs, governance/policy: the details of a denial). */
const violation = v.object({
  type: v.literal('PolicyViolation'),
  info: v.object({
    policyDefinitionDisplayName: name,
    policyDefinitionName: name,
    policyAssignmentDisplayName: name,
    policyAssignmentName: name,
  }),
});

/** Of the list that the message carries where the assignment has no words of its own for what does not comply. */
const identifiers = v.array(v.object({ policyAssignment: v.object({ name }), policyDefinition: v.object({ name }) }));

interface Policy {
  definition: string;
  assignment: string;
}

const code = 'RequestDisallowedByPolicy';
const longestName = 120;
const mostPolicies = 3;

/**
 * What Azure Policy forbade, with the names of the policies and their assignments; undefined when the error is no denial.
 * Takes `error` of an answer or of an operation; a denial of a part, such as the group that Databricks manages, may be
 * among the details, or stand as a text in the message of the whole.
 */
export function policyDenial(error: unknown): string | undefined {
  const denial = denialIn(error);
  if (!denial) return undefined;
  const message = textOf(denial.message);
  const policies = [...new Set(policiesOf(denial).map(described))].slice(0, mostPolicies);
  if (policies.length === 0) return message || 'Azure Policy forbids it and gives no reason.';
  const reason = /Reasons: (.*?)(?: See error details|$)/s.exec(message)?.[1];
  const what = /^Resource ['`].+?['`]/.exec(message)?.[0] ?? 'The resource';
  return `${what} is forbidden by ${policies.join(' and ')}.${reason ? ` Reasons: ${reason}` : ''}`;
}

type Denial = { message?: unknown; additionalInfo?: unknown };

/** The first denial in the error, its details, and what stands as JSON in a message. */
function denialIn(error: unknown, depth = 0): Denial | undefined {
  if (typeof error !== 'object' || error === null || depth > 4) return undefined;
  const { code: its, message, details, error: inner } = error as Record<string, unknown>;
  if (its === code) return error;
  const nested = [...(Array.isArray(details) ? (details as unknown[]) : []), inner, embedded(textOf(message))];
  for (const each of nested) {
    const found = denialIn(each, depth + 1);
    if (found) return found;
  }
  return textOf(message).includes(code) ? { message } : undefined;
}

/** The JSON object in a message, as deployments hand on the answers that they got. */
function embedded(message: string): unknown {
  const begin = message.indexOf('{');
  return message.includes(code) && begin >= 0 ? parsed(message.slice(begin, message.lastIndexOf('}') + 1)) : undefined;
}

function policiesOf({ message, additionalInfo }: Denial): Policy[] {
  const told = (Array.isArray(additionalInfo) ? (additionalInfo as unknown[]) : []).flatMap((each) => {
    const known = v.safeParse(violation, each);
    if (!known.success) return [];
    const { info } = known.output;
    const definition = info.policyDefinitionDisplayName || info.policyDefinitionName;
    return [{ definition, assignment: info.policyAssignmentDisplayName || info.policyAssignmentName }];
  });
  if (told.length > 0) return told;
  const list = /Policy identifiers: '(\[.*\])'/s.exec(textOf(message))?.[1];
  const known = v.safeParse(identifiers, parsed(list ?? ''));
  if (!known.success) return [];
  return known.output.map(({ policyAssignment, policyDefinition }) => ({
    definition: policyDefinition.name,
    assignment: policyAssignment.name,
  }));
}

const described = ({ definition, assignment }: Policy): string =>
  `the policy "${definition.slice(0, longestName)}" (assignment "${assignment.slice(0, longestName)}")`;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

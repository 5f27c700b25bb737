import { createHash } from 'node:crypto';
import { ArmError } from './armError.ts';
import type { ArmContext } from './armState.ts';
import type { Scenario } from './scenarios.ts';

/** A resource as a policy gets to see it before it is written. */
export interface Candidate {
  /** `Microsoft.Databricks/workspaces`. */
  type: string;
  name: string;
  /** Id of its resource group. */
  groupId: string;
  tags: Record<string, string>;
}

interface Expression {
  result: 'True';
  expressionKind: 'Field';
  expression: string;
  path: string;
  expressionValue?: string;
  targetValue: string;
  operator: 'Equals' | 'Exists';
}

/** Throws `RequestDisallowedByPolicy`, as Azure Policy answers with the effect Deny, when a policy agreed on forbids the resource. */
export function requireCompliant({ state, subscriptionId }: ArmContext, candidate: Candidate): void {
  const violated = state.scenarios.values().flatMap((scenario) => {
    const expression = violation(scenario, candidate);
    return expression && 'policy' in scenario ? [{ scenario, expression }] : [];
  });
  const [first] = violated;
  if (!first) return;
  const infos = violated.map(({ scenario, expression }) =>
    infoOf(scenario, expression, candidate.groupId, subscriptionId),
  );
  const reasons = violated.flatMap(({ scenario }) => scenario.message ?? []);
  const denied = `Resource '${candidate.name}' was disallowed by policy.`;
  throw new ArmError(
    403,
    'RequestDisallowedByPolicy',
    reasons.length > 0
      ? `${denied} Reasons: '${reasons.join("', '")}'. See error details for policy resource IDs.`
      : `${denied} Policy identifiers: '${JSON.stringify(infos.map(identifiersOf))}'.`,
    { target: candidate.name, additionalInfo: infos.map((info) => ({ type: 'PolicyViolation', info })) },
  );
}

/** The expression of the policy that came true, and so denies; undefined where the resource complies. */
function violation(scenario: Scenario, { type, name, tags }: Candidate): Expression | undefined {
  if (
    scenario.kind === 'policyDenies' &&
    (scenario.name === '*' || scenario.name.toLowerCase() === name.toLowerCase())
  ) {
    return { ...field('type'), expressionValue: type, targetValue: type, operator: 'Equals' };
  }
  if (scenario.kind !== 'policyRequiresTag') return undefined;
  const there = Object.keys(tags).some((tag) => tag.toLowerCase() === scenario.tag.toLowerCase());
  return there ? undefined : { ...field(`tags[${scenario.tag}]`), targetValue: 'false', operator: 'Exists' };
}

const field = (path: string): Pick<Expression, 'result' | 'expressionKind' | 'expression' | 'path'> => ({
  result: 'True',
  expressionKind: 'Field',
  expression: path,
  path,
});

type PolicyScenario = Extract<Scenario, { policy: string }>;

function infoOf(scenario: PolicyScenario, expression: Expression, groupId: string, subscriptionId: string) {
  const { policy, assignment = policy } = scenario;
  const definitionName = guidFor(policy);
  const assignmentName = guidFor(`${policy}/${assignment}`).replaceAll('-', '').slice(0, 24);
  const authorization = 'providers/Microsoft.Authorization';
  return {
    evaluationDetails: { evaluatedExpressions: [expression] },
    policyDefinitionId: `/subscriptions/${subscriptionId}/${authorization}/policyDefinitions/${definitionName}`,
    policyDefinitionName: definitionName,
    policyDefinitionDisplayName: policy,
    policyDefinitionEffect: 'Deny',
    policyAssignmentId: `${groupId}/${authorization}/policyAssignments/${assignmentName}`,
    policyAssignmentName: assignmentName,
    policyAssignmentDisplayName: assignment,
    policyAssignmentScope: groupId,
    policyAssignmentParameters: scenario.kind === 'policyRequiresTag' ? { tagName: { value: scenario.tag } } : {},
  };
}

const identifiersOf = (info: ReturnType<typeof infoOf>) => ({
  policyAssignment: { name: info.policyAssignmentDisplayName, id: info.policyAssignmentId },
  policyDefinition: { name: info.policyDefinitionDisplayName, id: info.policyDefinitionId },
});

const guidFor = (text: string): string =>
  createHash('sha256')
    .update(text)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');

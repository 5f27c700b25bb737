import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { policyDenial } from '../../clients/policyDenial.ts';

const code = 'RequestDisallowedByPolicy';
const info = (definition: object, assignment: object): object => ({
  type: 'PolicyViolation',
  info: { policyDefinitionEffect: 'Deny', ...definition, ...assignment },
});
const tagPolicy = info(
  { policyDefinitionDisplayName: 'Require a tag', policyDefinitionName: '871b6d14' },
  { policyAssignmentDisplayName: 'Tags of finance', policyAssignmentName: 'fd5e2cb3' },
);
const identifiers = JSON.stringify([
  {
    policyAssignment: { name: 'Tags of finance', id: '/subscriptions/1/providers/x/policyAssignments/fd5e2cb3' },
    policyDefinition: { name: 'Require a tag', id: '/providers/x/policyDefinitions/871b6d14' },
  },
]);
const byIdentifiers = `Resource 'ws' was disallowed by policy. Policy identifiers: '${identifiers}'.`;
const named = `Resource 'ws' is forbidden by the policy "Require a tag" (assignment "Tags of finance").`;

describe('policyDenial', () => {
  test('names policy and assignment from the details of the denial', () => {
    expect(policyDenial({ code, message: byIdentifiers, additionalInfo: [tagPolicy] })).toBe(named);
  });

  test('names them from the message where there are no details', () => {
    expect(policyDenial({ code, message: byIdentifiers })).toBe(named);
  });

  test('names them by their ids where they have no display names, and each once', () => {
    const unnamed = info({ policyDefinitionName: '871b6d14' }, { policyAssignmentName: 'fd5e2cb3' });
    const message = "Resource 'ws' was disallowed by policy.";
    expect(policyDenial({ code, message, additionalInfo: [unnamed, unnamed, tagPolicy, { type: 'Other' }] })).toBe(
      `Resource 'ws' is forbidden by the policy "871b6d14" (assignment "fd5e2cb3") and the policy "Require a tag" (assignment "Tags of finance").`,
    );
  });

  test('hands on the reasons that the organisation wrote', () => {
    const message =
      "Resource 'ws' was disallowed by policy. Reasons: 'Ask the hub.'. See error details for policy resource IDs.";
    expect(policyDenial({ code, message, additionalInfo: [tagPolicy] })).toBe(`${named} Reasons: 'Ask the hub.'.`);
  });

  test('keeps Azure\u2019s words where they name nothing that can be read', () => {
    const message =
      "The resource action is disallowed by one or more policies. Policy identifier(s): '/x/regionPolicy'.";
    expect(policyDenial({ code, message })).toBe(message);
    expect(policyDenial({ code, message: 'Only in the hub.', additionalInfo: 'none' })).toBe('Only in the hub.');
  });

  test('finds the denial of a part: among the details, or as a text in the message of the whole', () => {
    const part = { code, message: byIdentifiers, additionalInfo: [tagPolicy] };
    const whole = { code: 'ApplianceDeploymentFailed', message: 'The operation failed.' };
    expect(policyDenial({ ...whole, details: [{ code: 'Other' }, { code: 'Nested', details: [part] }] })).toBe(named);
    const message = `The operation to create the appliance failed: '${JSON.stringify({ error: part })}'`;
    expect(policyDenial({ ...whole, message })).toBe(named);
    expect(policyDenial({ ...whole, message: `Failed with ${code}.` })).toBe(`Failed with ${code}.`);
  });

  test('cuts endless names', () => {
    const endless = info({ policyDefinitionName: 'd'.repeat(5000) }, { policyAssignmentName: 'a'.repeat(5000) });
    expect(policyDenial({ code, message: '', additionalInfo: [endless] })?.length).toBeLessThan(400);
  });

  test('says nothing of what is no denial, whatever it is', () => {
    expect(policyDenial({ code: 'AuthorizationFailed', message: 'No.' })).toBeUndefined();
    fc.assert(
      fc.property(fc.anything(), (error) => {
        const text = policyDenial(error);
        expect(text === undefined || text.length > 0).toBe(true);
      }),
    );
  });
});

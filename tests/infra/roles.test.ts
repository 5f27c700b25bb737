import { describe, expect, test } from 'vitest';
import { ofType, type PredictedResource, readSnapshot } from '../support/infra.ts';

/** Built-in roles: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles, read on 2026-11-23. */
const roleNames: Record<string, string> = {
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b': 'Storage Blob Data Owner',
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3': 'Storage Table Data Contributor',
  '0ad04412-c4d5-4796-b79c-f76d14c8d402': 'Durable Task Data Contributor',
  '3913510d-42f4-4e42-8a64-420c390055eb': 'Monitoring Metrics Publisher',
  'b24988ac-6180-42a0-ab88-20f7382dd24c': 'Contributor',
  'f58310d9-a9f6-439a-9e8d-f62e7b41a168': 'Role Based Access Control Administrator',
  'acdd72a7-3385-48ef-bd42-f606fba81ae7': 'Reader',
};

/** Where a role counts: the type of a resource, a resource group by its name, or the subscription. */
function scopeOf({ id }: PredictedResource): string {
  const [, resource] = /^\[extensionResourceId\('[^']*\/providers\/([\w.]+\/\w+)\/[^']*',/.exec(id) ?? [];
  const [, group] = /^\[resourceId\('[^']+', '([^']+)',/.exec(id) ?? [];
  return resource ?? group ?? (id.startsWith('[subscriptionResourceId(') ? 'subscription' : id);
}

const granted = (name: string): string[] =>
  ofType(readSnapshot(name).predictedResources, 'Microsoft.Authorization/roleAssignments').map((assignment) => {
    const id = String(assignment['properties'].roleDefinitionId).split('/').at(-1) ?? '';
    return `${scopeOf(assignment)}: ${roleNames[id] ?? id}`;
  });

const own = [
  'Microsoft.Storage/storageAccounts: Storage Blob Data Owner',
  'Microsoft.Storage/storageAccounts: Storage Table Data Contributor',
  'Microsoft.DurableTask/schedulers: Durable Task Data Contributor',
  'Microsoft.Insights/components: Monitoring Metrics Publisher',
];
const inGroup = (group: string): string[] => [
  `${group}: Contributor`,
  `${group}: Role Based Access Control Administrator`,
];

describe('the identity of the app gets', () => {
  test.each(['default', 'azd', 'events', 'events-existing-topic', 'authentication'])(
    'by %s what it needs on its own resources and in the one group that it deploys into',
    (name) => {
      expect(granted(name).toSorted()).toEqual([...own, ...inGroup('rg-accelerator')].toSorted());
    },
  );

  test('its roles in each target group once, and reading the subscription when that is asked for', () => {
    expect(granted('everything').toSorted()).toEqual(
      [...own, ...inGroup('rg-volatility'), ...inGroup('rg-fraud'), 'subscription: Reader'].toSorted(),
    );
  });

  test('nothing by the template of the workspace', () => {
    expect(granted('workspace')).toEqual([]);
  });
});

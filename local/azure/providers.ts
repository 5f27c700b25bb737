import { ArmError } from './armError.ts';
import type { ArmApi } from './armApi.ts';
import type { ArmContext } from './armState.ts';
import { regionNames } from './regions.ts';
import { isUnregistered } from './scenarios.ts';
import { identityVersions } from './userAssignedIdentities.ts';
import { assignmentVersions } from './roleAssignments.ts';
import { workspaceVersions } from './workspaceWish.ts';

const versions = [
  '2020-06-01',
  '2021-04-01',
  '2022-09-01',
  '2023-07-01',
  '2024-03-01',
  '2024-07-01',
  '2024-11-01',
  '2025-04-01',
];

const namespaces = [
  { namespace: 'Microsoft.Databricks', resourceType: 'workspaces', apiVersions: workspaceVersions },
  { namespace: 'Microsoft.ManagedIdentity', resourceType: 'userAssignedIdentities', apiVersions: identityVersions },
  { namespace: 'Microsoft.Authorization', resourceType: 'roleAssignments', apiVersions: assignmentVersions },
];

/** `GET` of one resource provider: whether the subscription has it registered, and what it offers. */
export function serveProviders(api: ArmApi, context: ArmContext): void {
  api.on({
    method: 'GET',
    path: '/providers/{namespace}',
    type: 'Microsoft.Resources/subscriptions/providers',
    versions,
    handler: ({ params: { namespace = '' } }) => {
      const found = namespaces.find((each) => each.namespace.toLowerCase() === namespace.toLowerCase());
      if (!found) {
        throw new ArmError(404, 'InvalidResourceNamespace', `The resource namespace '${namespace}' is invalid.`);
      }
      const { resourceType, apiVersions } = found;
      const registrationState = isUnregistered(context.state.scenarios, found.namespace)
        ? 'NotRegistered'
        : 'Registered';
      return {
        body: {
          id: `/subscriptions/${context.subscriptionId}/providers/${found.namespace}`,
          namespace: found.namespace,
          registrationPolicy: 'RegistrationRequired',
          registrationState,
          resourceTypes: [{ resourceType, locations: regionNames, apiVersions }],
        },
      };
    },
  });
}

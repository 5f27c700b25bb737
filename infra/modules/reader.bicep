import { reader } from '../roles.bicep'

targetScope = 'subscription'

@description('Object id of the app\'s identity.')
param principalId string

resource read 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, reader)
  properties: {
    description: 'The accelerator deployer checks resource providers and quotas before it deploys.'
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', reader)
  }
}

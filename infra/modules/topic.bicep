import { tags as resourceTags } from '../types.bicep'

@description('Name of the system topic.')
param name string
@description('Tags.')
param tags resourceTags
@description('Name of the app\'s identity, as which undelivered events are stored; empty for none.')
param identityName string

@description('Id of that identity.')
var identityId = resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', identityName)

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: name
  location: 'global'
  tags: tags
  identity: empty(identityName)
    ? { type: 'None' }
    : { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: { source: subscription().id, topicType: 'Microsoft.Resources.Subscriptions' }
}

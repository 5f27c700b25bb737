import { tags as resourceTags } from '../types.bicep'

@description('Name of the system topic.')
param name string
@description('Tags.')
param tags resourceTags
@description('Name of the app\'s identity, as which undelivered events are stored.')
param identityName string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: name
  location: 'global'
  tags: tags
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: { source: subscription().id, topicType: 'Microsoft.Resources.Subscriptions' }
}

@description('Name of the system topic, in the resource group of this module.')
param topicName string
@description('Name of the subscription to it.')
param name string
@description('Resource group of the app.')
param appGroup string
@description('Name of the function app.')
param appName string
@description('Name of the app\'s identity.')
param identityName string
@description('Name of the storage account.')
param storageName string
@description('Container of events that could not be delivered; empty where the topic may not write to it.')
param deadLetterContainer string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName
  scope: resourceGroup(appGroup)

  resource handler 'functions' existing = {
    name: 'onSubscriptionEvent'
  }
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
  scope: resourceGroup(appGroup)
}

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
  scope: resourceGroup(appGroup)
}

resource subscribed 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: name
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    destination: {
      endpointType: 'AzureFunction'
      properties: { resourceId: app::handler.id, maxEventsPerBatch: 1, preferredBatchSizeInKilobytes: 64 }
    }
    filter: {
      isSubjectCaseSensitive: false
      includedEventTypes: [
        'Microsoft.Resources.ResourceWriteSuccess'
        'Microsoft.Resources.ResourceWriteFailure'
        'Microsoft.Resources.ResourceDeleteSuccess'
        'Microsoft.Resources.ResourceDeleteFailure'
      ]
      advancedFilters: [
        {
          operatorType: 'StringIn'
          key: 'data.operationName'
          values: [
            'Microsoft.Databricks/workspaces/write'
            'Microsoft.Databricks/workspaces/delete'
            'Microsoft.Resources/tags/write'
          ]
        }
      ]
    }
    retryPolicy: { eventTimeToLiveInMinutes: 1440, maxDeliveryAttempts: 30 }
    deadLetterWithResourceIdentity: empty(deadLetterContainer)
      ? null
      : {
          identity: { type: 'UserAssigned', userAssignedIdentity: identity.id }
          deadLetterDestination: {
            endpointType: 'StorageBlob'
            properties: { resourceId: storage.id, blobContainerName: deadLetterContainer }
          }
        }
  }
}

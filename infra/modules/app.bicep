import { tags as resourceTags } from '../types.bicep'
import { furtherSettings } from '../settings.bicep'

@description('Name of the function app.')
param name string
@description('Name of its plan.')
param planName string
@description('Region.')
param location string
@description('Tags.')
param tags resourceTags
@description('Version of Node.')
param nodeVersion string
@description('How many instances may run at once.')
param maximumInstanceCount int
@description('Name of the app\'s identity.')
param identityName string
@description('Name of the storage account.')
param storageName string
@description('Container of the package.')
param packageContainer string
@description('Name of the Durable Task Scheduler.')
param schedulerName string
@description('Name of the task hub.')
param taskHubName string
@description('Name of the Application Insights resource.')
param componentName string
@description('The catalogue, as JSON.')
param accelerators string
@description('Resource groups that the app may deploy into.')
param targetResourceGroups string[]
@description('Regions that the app may deploy into.')
param allowedLocations string[]
@description('Node types that a request may ask for.')
param allowedNodeTypes string[]
@description('Settings without a parameter of their own.')
param settings furtherSettings
@description('Address of a Key Vault secret that signs status links; empty for one that is derived.')
param statusLinkKeySecretUri string
@description('Client id of the app registration by which callers sign in; empty for the function key alone.')
param authClientId string
@description('Address of the package; empty when it comes another way.')
param packageUri string

@description('Whether callers sign in.')
var signIn = !empty(authClientId)

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' existing = {
  name: schedulerName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  // The name of the service in azure.yaml, by which the Azure Developer CLI finds the app.
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    serverFarmId: plan.id
    clientAffinityEnabled: false
    httpsOnly: true
    keyVaultReferenceIdentity: identity.id
    publicNetworkAccess: 'Enabled'
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity.id }
        }
      }
      runtime: { name: 'node', version: nodeVersion }
      scaleAndConcurrency: { instanceMemoryMB: 512, maximumInstanceCount: maximumInstanceCount }
    }
    siteConfig: {
      ftpsState: 'Disabled'
      http20Enabled: true
      minTlsVersion: '1.2'
      remoteDebuggingEnabled: false
      scmMinTlsVersion: '1.2'
    }
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
    // App Service takes one change of a site at a time.
    dependsOn: [ftp]
  }

  // What stands here replaces all settings that there are, so each setting that the app reads is here.
  resource appSettings 'config' = {
    name: 'appsettings'
    properties: {
      AzureWebJobsStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
      AzureWebJobsStorage__queueServiceUri: storage.properties.primaryEndpoints.queue
      AzureWebJobsStorage__tableServiceUri: storage.properties.primaryEndpoints.table
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identity.properties.clientId
      APPLICATIONINSIGHTS_CONNECTION_STRING: component.properties.ConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
      DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${scheduler.properties.endpoint};Authentication=ManagedIdentity;ClientID=${identity.properties.clientId}'
      TASKHUB_NAME: taskHubName
      AZURE_CLIENT_ID: identity.properties.clientId
      AZURE_SUBSCRIPTION_ID: subscription().subscriptionId
      AZURE_RESOURCE_MANAGER_URL: environment().resourceManager
      ACCELERATORS: accelerators
      ALLOWED_REPOSITORIES: settings.?ALLOWED_REPOSITORIES ?? ''
      ALLOWED_RESOURCE_GROUPS: join(targetResourceGroups, ',')
      ALLOWED_LOCATIONS: join(allowedLocations, ',')
      ALLOWED_NODE_TYPES: join(allowedNodeTypes, ',')
      ALLOWED_VIRTUAL_NETWORKS: settings.?ALLOWED_VIRTUAL_NETWORKS ?? ''
      DATABRICKS_HOST_PATTERN: settings.?DATABRICKS_HOST_PATTERN ?? '^adb-\\d+\\.\\d{1,2}\\.azuredatabricks\\.net$'
      EXPECTED_SECONDS: settings.?EXPECTED_SECONDS ?? '{"workspace":180,"storage":40,"runme":360,"notebooks":3600,"warehouse":240}'
      LIMIT_SECONDS: settings.?LIMIT_SECONDS ?? '{}'
      MAX_ACTIVE_DEPLOYMENTS: settings.?MAX_ACTIVE_DEPLOYMENTS ?? '20'
      MAX_STARTS_PER_HOUR: settings.?MAX_STARTS_PER_HOUR ?? '30'
      NETWORK: settings.?NETWORK ?? '{}'
      POLL_CEILING_SECONDS: settings.?POLL_CEILING_SECONDS ?? '75'
      POLL_FLOOR_SECONDS: settings.?POLL_FLOOR_SECONDS ?? '5'
      REQUIRED_TAGS: settings.?REQUIRED_TAGS ?? '{}'
      ROLES_REQUIRED: signIn ? 'True' : 'False'
      STATUS_LINK_HOURS: settings.?STATUS_LINK_HOURS ?? '168'
      // The storage key opens nothing, because shared keys are off; what is derived from it does not lead back to it, is the
      // same at each deployment, and changes when the key is renewed.
      STATUS_LINK_KEY: empty(statusLinkKeySecretUri)
        ? guid(storage.listKeys().keys[0].value, name, 'status links')
        : '@Microsoft.KeyVault(SecretUri=${statusLinkKeySecretUri})'
    }
    dependsOn: [scm]
  }

  resource authentication 'config' = {
    name: 'authsettingsV2'
    properties: {
      platform: { enabled: signIn, runtimeVersion: '~1' }
      // Status links are read without signing in, and stand below a path whose other readers have to: App Service knows
      // wildcards at the end of a path alone. So it lets through who has no token, and the app asks for roles.
      globalValidation: {
        requireAuthentication: false
        unauthenticatedClientAction: 'AllowAnonymous'
        excludedPaths: ['/runtime/webhooks/*', '/api/health']
      }
      httpSettings: { requireHttps: true }
      identityProviders: signIn
        ? {
            azureActiveDirectory: {
              enabled: true
              registration: {
                clientId: authClientId
                openIdIssuer: uri(environment().authentication.loginEndpoint, '${tenant().tenantId}/v2.0')
              }
              validation: { allowedAudiences: [authClientId, 'api://${authClientId}'] }
            }
          }
        : {}
      login: { tokenStore: { enabled: false } }
    }
    dependsOn: [appSettings]
  }
}

// Last, because a change of settings restarts the app and would cut the package's arrival.
resource code 'Microsoft.Web/sites/extensions@2025-03-01' = if (!empty(packageUri)) {
  parent: app
  name: 'onedeploy'
  #disable-next-line BCP187 // The types know the name alone.
  properties: { packageUri: packageUri, remoteBuild: false }
  dependsOn: [app::authentication]
}

@description('Name of the host by which the app is called.')
output hostName string = app.properties.defaultHostName

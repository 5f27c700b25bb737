import { tags as resourceTags } from '../types.bicep'
import { monitoringMetricsPublisher } from '../roles.bicep'

@description('Name of the Log Analytics workspace.')
param workspaceName string
@description('Name of the Application Insights resource.')
param componentName string
@description('Region.')
param location string
@description('Tags.')
param tags resourceTags
@description('Gigabytes that are taken in a day at most.')
@minValue(1)
param dailyCapGb int
@description('Object id of the app\'s identity.')
param principalId string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true }
    // The shortest that there is, and in the price of what is taken in.
    retentionInDays: 30
    sku: { name: 'PerGB2018' }
    workspaceCapping: { dailyQuotaGb: dailyCapGb }
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: componentName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    DisableLocalAuth: true
    IngestionMode: 'LogAnalytics'
    WorkspaceResourceId: workspace.id
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(component.id, principalId, monitoringMetricsPublisher)
  scope: component
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
  }
}

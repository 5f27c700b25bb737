import { tags as resourceTags } from '../types.bicep'
import { durableTaskDataContributor } from '../roles.bicep'

@description('Name of the Durable Task Scheduler.')
param name string
@description('Its region.')
param location string
@description('Tags.')
param tags resourceTags
@description('Name of the task hub.')
param taskHubName string
@description('Object id of the app\'s identity.')
param principalId string
@description('Days after which deployments that have ended are forgotten.')
@minValue(1)
@maxValue(30)
param retentionDays int

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    // Tokens alone open it; the addresses of Flex Consumption are not known beforehand.
    ipAllowlist: ['0.0.0.0/0']
    publicNetworkAccess: 'Enabled'
    sku: { name: 'Consumption' }
  }

  resource hub 'taskHubs' = {
    name: taskHubName
  }

  resource retention 'retentionPolicies' = {
    name: 'default'
    properties: { retentionPolicies: [{ retentionPeriodInDays: retentionDays }] }
    // Like App Service, it may refuse a change while another one is under way.
    dependsOn: [hub]
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(scheduler.id, principalId, durableTaskDataContributor)
  scope: scheduler
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', durableTaskDataContributor)
  }
}

@description('Page on which its orchestrations can be looked at, by who has the role Durable Task Data Contributor.')
output dashboardUrl string = scheduler::hub.properties.dashboardUrl

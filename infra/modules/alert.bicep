import { tags as resourceTags } from '../types.bicep'

@description('Name of the alert.')
param name string
@description('Name of the group of those who are told.')
param groupName string
@description('Name of the Application Insights resource.')
param componentName string
@description('Region.')
param location string
@description('Tags.')
param tags resourceTags
@description('Who is told by e-mail; empty for nobody.')
param email string

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: groupName
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    // What the message shows as its sender; twelve characters at most.
    groupShortName: 'accelerator'
    emailReceivers: [{ name: 'operator', emailAddress: email, useCommonAlertSchema: true }]
  }
}

resource alert 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: name
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'A deployment of an accelerator has failed'
    description: 'The deployment and its error code are in the alert; docs/errors.md tells what to do about the code.'
    enabled: true
    severity: 2
    scopes: [component.id]
    // Looks overlap because events may come late; each deployment is told once, as it is a dimension of its own.
    evaluationFrequency: 'PT15M'
    windowSize: 'PT30M'
    autoMitigate: true
    // A resource that has just been made does not know its tables yet.
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: '''customEvents
| where name == "deployment.finished" and tostring(customDimensions.outcome) == "failed"
| project timestamp, deployment = tostring(customDimensions.deployment), attempt = tostring(customDimensions.attempt), operation = tostring(customDimensions.operation), code = tostring(customDimensions.code)
'''
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          dimensions: [
            { name: 'deployment', operator: 'Include', values: ['*'] }
            { name: 'attempt', operator: 'Include', values: ['*'] }
            { name: 'operation', operator: 'Include', values: ['*'] }
            { name: 'code', operator: 'Include', values: ['*'] }
          ]
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: { actionGroups: empty(email) ? [] : [people.id] }
  }
}

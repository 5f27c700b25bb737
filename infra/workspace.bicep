metadata name = 'Databricks workspace for the accelerator deployer'
metadata description = 'A premium workspace with the tag that asks the deployer for an accelerator; Event Grid tells it, and it does the rest.'

@description('Name of the Azure Databricks workspace to create. One that exists already is only given the tag, by hand.')
@minLength(3)
@maxLength(64)
param databricksResourceName string

@description('Region.')
param location string = resourceGroup().location

@description('The accelerator, by its name in the deployer\'s catalogue.')
@minLength(1)
@maxLength(64)
param acceleratorName string = 'predicting-implied-volatility'

@description('Parameters of its notebooks, such as profile.')
param parameters {
  @description('A parameter by its name.')
  *: string
} = {}

@description('Further tags.')
param tags {
  @description('A tag by its name.')
  *: string
} = {}

@description('Keeps apart workspaces of one name in several resource groups.')
var token = uniqueString(resourceGroup().id, databricksResourceName)

@description('What the deployer looks for.')
var wish = union(
  { accelerator: acceleratorName },
  toObject(items(parameters), one => 'accelerator.${one.key}', one => one.value)
)

resource workspace 'Microsoft.Databricks/workspaces@2026-01-01' = {
  name: databricksResourceName
  location: location
  tags: union(tags, wish)
  sku: { name: 'premium' }
  properties: {
    computeMode: 'Hybrid'
    // At most 90 characters.
    managedResourceGroupId: subscriptionResourceId(
      'Microsoft.Resources/resourceGroups',
      'databricks-rg-${take(databricksResourceName, 60)}-${token}'
    )
    parameters: { enableNoPublicIp: { value: true } }
    publicNetworkAccess: 'Enabled'
  }
}

@description('Where the workspace is opened.')
output databricksWorkspaceUrl string = 'https://${workspace.properties.workspaceUrl}'
@description('The accelerator that the deployer is asked for.')
output acceleratorName string = acceleratorName

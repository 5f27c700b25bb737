using '../main.bicep'

param name = 'volatility'
param location = 'westeurope'
param schedulerLocation = 'northeurope'
param nodeVersion = '22'
param accelerators = {
  'predicting-implied-volatility': {
    repositoryUrl: 'https://github.com/your-organisation/accelerator-deployer'
    tag: 'v0.1.0'
  }
  'fraud-orchestration': {
    repositoryUrl: 'https://github.com/your-organisation/fraud-orchestration'
    branch: 'main'
    companion: true
    verify: false
  }
}
param targetResourceGroups = ['rg-volatility', 'rg-fraud', 'RG-Fraud']
param allowedLocations = ['westeurope', 'northeurope']
param allowedNodeTypes = ['Standard_NC4as_T4_v3', 'Standard_NC8as_T4_v3']
param enableEventGrid = true
param authClientId = '00000000-0000-4000-8000-00000000000a'
param grantSubscriptionReader = true
param alertEmail = 'operator@example.com'
param statusLinkKeySecretUri = 'https://kv-volatility.vault.azure.net/secrets/status-link-key'
param retentionDays = 14
param dailyCapGb = 5
param maximumInstanceCount = 100
param settings = {
  ALLOWED_REPOSITORIES: 'https://github.com/your-organisation/*'
  REQUIRED_TAGS: '{"costCentre":"4711","owner":null}'
}
param tags = { costCentre: '4711' }

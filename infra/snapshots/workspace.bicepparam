using '../workspace.bicep'

param databricksResourceName = 'dbw-volatility'
param parameters = { profile: 'small' }

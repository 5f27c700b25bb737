using '../main.bicep'

// The code comes after the resources.
param packageUri = ''
param tags = { 'azd-env-name': 'volatility' }

using '../main.bicep'

param enableEventGrid = true
param existingSystemTopicName = 'evgt-subscription'
param existingSystemTopicResourceGroup = 'rg-events'

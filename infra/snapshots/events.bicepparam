using '../main.bicep'

param enableEventGrid = true

import { furtherSettings } from 'settings.bicep'

metadata name = 'Accelerator deployer'
metadata description = 'A function app that deploys Databricks accelerators, with all that it needs and the rights to do so.'

@description('Part of the names of all resources: lower-case letters, digits and hyphens.')
@minLength(3)
@maxLength(20)
param name string = 'accelerator'

@description('Region of all resources but the scheduler; one with Flex Consumption.')
@metadata({ azd: { type: 'location' } })
param location string = resourceGroup().location

@description('Region of the Durable Task Scheduler, which fewer regions have; best that of the app.')
param schedulerLocation string = location

@description('Whether regions that this template does not know are refused. Turn it off for one that is newer than the template.')
param checkRegions bool = true

@description('Version of Node.')
@allowed(['24', '22'])
param nodeVersion string = '24'

// This and the next two are those of package.json; a test compares.
@description('Address of the app\'s package, readable by anyone. Empty when the code comes another way, as with azd.')
param packageUri string = 'https://github.com/your-organisation/accelerator-deployer/releases/download/v0.1.0/app.zip'

@description('GitHub repository of the accelerator that is deployed when a request names none.')
param acceleratorRepository string = 'https://github.com/your-organisation/accelerator-deployer'

@description('Its tag.')
param acceleratorTag string = 'v0.1.0'

@description('The catalogue of accelerators (ACCELERATORS in docs/configuration.md); empty for the one above alone.')
param accelerators {
  @description('An accelerator by its name.')
  *: {
    @description('GitHub repository.')
    repositoryUrl: string
    @description('Branch; either this or a tag.')
    branch: string?
    @description('Tag.')
    tag: string?
    @description('Path of RUNME in the repository.')
    runmePath: string?
    @description('Path of the job template in the repository.')
    jobTemplate: string?
    @description('Whether its results are proven.')
    verify: bool?
    @description('Whether it uses the public companion library.')
    companion: bool?
  }
} = {}

@description('Resource groups that the app may deploy into; they have to exist. Best none that holds anything else, this one included.')
@minLength(1)
param targetResourceGroups string[] = [resourceGroup().name]

@description('Regions that the app may deploy workspaces into; the first is the default of a request.')
@minLength(1)
param allowedLocations string[] = [location]

@description('Node types that a request may ask for.')
@minLength(1)
param allowedNodeTypes string[] = ['Standard_NC4as_T4_v3']

@description('Whether events of the subscription wake and start deployments. Needs the code to be there.')
param enableEventGrid bool = false

@description('Name of the subscription\'s Event Grid system topic, if there is one: there can only be one. Empty to make it.')
param existingSystemTopicName string = ''

@description('Resource group of that system topic; empty for this one.')
param existingSystemTopicResourceGroup string = ''

@description('Whether events that could not be delivered are kept, by a system topic that is made here. Turn it off if Azure refuses the topic an identity.')
param keepUndeliveredEvents bool = true

@description('Client id of the Entra app registration by which callers sign in, with the app roles Deployer and Reader. Empty for the function key alone.')
param authClientId string = ''

@description('Whether the app may read the subscription, to check providers and quotas beforehand.')
param grantSubscriptionReader bool = false

@description('Who is told by e-mail of failed deployments; empty for nobody.')
param alertEmail string = ''

@description('Address of a Key Vault secret of 32 or more random characters that signs status links. Empty for one that the template derives.')
param statusLinkKeySecretUri string = ''

@description('Days after which deployments that have ended are forgotten, and undelivered events removed.')
@minValue(1)
@maxValue(30)
param retentionDays int = 30

@description('Gigabytes of logs a day at most.')
@minValue(1)
@maxValue(100)
param dailyCapGb int = 1

@description('Instances of the app at most.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Further settings of the app, by their names in docs/configuration.md. None of them is a secret.')
param settings furtherSettings = {}

@description('Tags of all resources.')
param tags {
  @description('A tag by its name.')
  *: string
} = {}

@description('Regions with Flex Consumption.')
var flexRegions = loadJsonContent('regions.json', 'flexConsumption.regions')

@description('Regions with the Durable Task Scheduler.')
var schedulerRegions = loadJsonContent('regions.json', 'durableTaskScheduler.regions')

@description('What is in the name and may not be there.')
var wrongCharacters = filter(
  map(range(0, length(name)), i => substring(name, i, 1)),
  one => !contains('abcdefghijklmnopqrstuvwxyz0123456789-', one)
)

@description('The name, once it is known that Azure takes it everywhere.')
var checkedName = empty(wrongCharacters)
  ? name
  : fail('The parameter name may have lower-case letters, digits and hyphens, and has: ${join(wrongCharacters, ' ')}')

@description('The region, once it is known to have Flex Consumption.')
var checkedLocation = !checkRegions || contains(flexRegions, toLower(replace(location, ' ', '')))
  ? location
  : fail('The parameter location is ${location}, where Flex Consumption is not known to be. Choose one of ${join(flexRegions, ', ')}; or set checkRegions to false, if Azure has it there by now')

@description('The scheduler\'s region, once it is known to have schedulers.')
var checkedSchedulerLocation = !checkRegions || contains(schedulerRegions, toLower(replace(schedulerLocation, ' ', '')))
  ? schedulerLocation
  : fail('The parameter schedulerLocation is ${schedulerLocation}, where the Durable Task Scheduler is not known to be. Choose one of ${join(schedulerRegions, ', ')}; or set checkRegions to false, if Azure has it there by now')

@description('Keeps apart what has to be unique in all of Azure.')
var token = uniqueString(resourceGroup().id, name)

@description('End of most names.')
var suffix = '${checkedName}-${token}'

@description('Names of all resources.')
var names = {
  identity: 'id-${suffix}'
  storage: 'st${take(replace(checkedName, '-', ''), 9)}${token}'
  scheduler: 'dts-${suffix}'
  taskHub: 'deployer'
  workspace: 'log-${suffix}'
  component: 'appi-${suffix}'
  plan: 'plan-${suffix}'
  app: 'func-${suffix}'
  topic: 'evgt-${suffix}'
  events: 'workspaces-${suffix}'
  alert: 'alert-${suffix}'
  people: 'ag-${suffix}'
}

@description('Containers of the storage account.')
var containers = { package: 'app-package', deadLetters: 'undelivered-events' }

@description('The groups, each once: Azure does not tell upper from lower case.')
var groups = union(map(targetResourceGroups, group => toLower(group)), [])

@description('The catalogue.')
var catalogue = empty(accelerators)
  ? { 'predicting-implied-volatility': { repositoryUrl: acceleratorRepository, tag: acceleratorTag } }
  : accelerators

@description('Whether the system topic is made here.')
var makeTopic = enableEventGrid && empty(existingSystemTopicName)

@description('Whether it holds the app\'s identity, by which it stores what it could not deliver.')
var storesEvents = makeTopic && keepUndeliveredEvents

module identity 'modules/identity.bicep' = {
  params: { name: names.identity, location: checkedLocation, tags: tags }
}

// Roles are named by the principal as well, which is only known when the identity is there: one that is deleted and made anew
// would else find the roles of the old one in its way. What-if shows them less exactly for that.
// A role takes minutes until it counts. So all roles come first, what takes long comes between, and the code comes last.
module storage 'modules/storage.bicep' = {
  params: {
    name: names.storage
    location: checkedLocation
    tags: tags
    #disable-next-line what-if-short-circuiting
    principalId: identity.outputs.principalId
    packageContainer: containers.package
    deadLetterContainer: containers.deadLetters
    retentionDays: retentionDays
  }
}

module access 'modules/access.bicep' = [
  for group in groups: {
    scope: resourceGroup(group)
    params: {
      #disable-next-line what-if-short-circuiting
      principalId: identity.outputs.principalId
    }
  }
]

module reader 'modules/reader.bicep' = if (grantSubscriptionReader) {
  scope: subscription()
  params: {
    #disable-next-line what-if-short-circuiting
    principalId: identity.outputs.principalId
  }
}

module scheduler 'modules/scheduler.bicep' = {
  params: {
    name: names.scheduler
    location: checkedSchedulerLocation
    tags: tags
    taskHubName: names.taskHub
    #disable-next-line what-if-short-circuiting
    principalId: identity.outputs.principalId
    retentionDays: retentionDays
  }
  dependsOn: [storage]
}

module monitoring 'modules/monitoring.bicep' = {
  params: {
    workspaceName: names.workspace
    componentName: names.component
    location: checkedLocation
    tags: tags
    dailyCapGb: dailyCapGb
    #disable-next-line what-if-short-circuiting
    principalId: identity.outputs.principalId
  }
  dependsOn: [storage]
}

module alert 'modules/alert.bicep' = {
  params: {
    name: names.alert
    groupName: names.people
    componentName: names.component
    location: checkedLocation
    tags: tags
    email: alertEmail
  }
  dependsOn: [monitoring]
}

module app 'modules/app.bicep' = {
  params: {
    name: names.app
    planName: names.plan
    location: checkedLocation
    tags: tags
    nodeVersion: nodeVersion
    maximumInstanceCount: maximumInstanceCount
    identityName: names.identity
    storageName: names.storage
    packageContainer: containers.package
    schedulerName: names.scheduler
    taskHubName: names.taskHub
    componentName: names.component
    accelerators: string(catalogue)
    targetResourceGroups: groups
    allowedLocations: allowedLocations
    allowedNodeTypes: allowedNodeTypes
    settings: settings
    statusLinkKeySecretUri: statusLinkKeySecretUri
    authClientId: authClientId
    packageUri: packageUri
  }
  dependsOn: [identity, storage, scheduler, monitoring]
}

module topic 'modules/topic.bicep' = if (makeTopic) {
  params: { name: names.topic, tags: tags, identityName: storesEvents ? names.identity : '' }
  dependsOn: [identity]
}

// Azure takes a subscription only to a function that is there.
module events 'modules/events.bicep' = if (enableEventGrid) {
  scope: resourceGroup(empty(existingSystemTopicResourceGroup) || makeTopic
    ? resourceGroup().name
    : existingSystemTopicResourceGroup)
  params: {
    topicName: makeTopic ? names.topic : existingSystemTopicName
    name: names.events
    appGroup: resourceGroup().name
    appName: names.app
    identityName: names.identity
    storageName: names.storage
    // Somebody else's topic does not hold this app's identity, and so cannot write to its storage.
    deadLetterContainer: storesEvents ? containers.deadLetters : ''
  }
  dependsOn: [app, topic]
}

@description('Name of the function app.')
output appName string = names.app
@description('Where a deployment is started, by POST.')
output startUrl string = 'https://${app.outputs.hostName}/api/deployments'
@description('Says whether the app has all that it needs.')
output healthUrl string = 'https://${app.outputs.hostName}/api/health'
@description('Object id of the app\'s identity, for further roles.')
output identityPrincipalId string = identity.outputs.principalId
@description('Client id of the app\'s identity.')
output identityClientId string = identity.outputs.clientId
@description('Resource group of all this.')
output resourceGroup string = az.resourceGroup().name
@description('Region of the app.')
output location string = checkedLocation
@description('Page of the task hub, on which orchestrations can be looked at.')
output dashboardUrl string = scheduler.outputs.dashboardUrl

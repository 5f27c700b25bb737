// Built-in roles by their ids, which are the same in every tenant.

@export()
@description('Manage the blobs of a storage account: host leases, keys, the package, undelivered events.')
var storageBlobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'

@export()
@description('Read and write tables: the diagnostic events of the Functions host.')
var storageTableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'

@export()
@description('Run orchestrations in a Durable Task Scheduler.')
var durableTaskDataContributor = '0ad04412-c4d5-4796-b79c-f76d14c8d402'

@export()
@description('Send telemetry to an Application Insights resource.')
var monitoringMetricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

@export()
@description('Create and delete resources, and grant nothing.')
var contributor = 'b24988ac-6180-42a0-ab88-20f7382dd24c'

@export()
@description('Grant roles; only ever with a condition here.')
var roleBasedAccessControlAdministrator = 'f58310d9-a9f6-439a-9e8d-f62e7b41a168'

@export()
@description('Read everything, and no data.')
var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'

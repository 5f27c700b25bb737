@export()
@sealed()
@description('Settings of docs/configuration.md for which the template has no parameter of its own, as they stand there. None of them is a secret.')
type furtherSettings = {
  @description('Repositories that a request may name.')
  ALLOWED_REPOSITORIES: string?
  @description('Virtual networks that a request may name.')
  ALLOWED_VIRTUAL_NETWORKS: string?
  @description('Hosts that are sent a Databricks token.')
  DATABRICKS_HOST_PATTERN: string?
  @description('Usual lengths of the waits.')
  EXPECTED_SECONDS: string?
  @description('Limits of the waits.')
  LIMIT_SECONDS: string?
  @description('How many deployments may run.')
  MAX_ACTIVE_DEPLOYMENTS: string?
  @description('How many starts a caller has in an hour.')
  MAX_STARTS_PER_HOUR: string?
  @description('Network of each workspace that is made.')
  NETWORK: string?
  @description('The longest pause between two looks.')
  POLL_CEILING_SECONDS: string?
  @description('The shortest pause between two looks.')
  POLL_FLOOR_SECONDS: string?
  @description('Tags on all that is made.')
  REQUIRED_TAGS: string?
  @description('How long a status link is valid.')
  STATUS_LINK_HOURS: string?
}

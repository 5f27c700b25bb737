// A module of its own, because the bundler gives the import() of a CommonJS package no named exports.
export { AuthorizationManagementClient } from '@azure/arm-authorization';
export { AzureDatabricksManagementClient } from '@azure/arm-databricks';
export { ManagedServiceIdentityClient } from '@azure/arm-msi';

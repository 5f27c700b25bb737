// A module of its own, because the bundler gives the import() of a CommonJS package no named exports.
export { DBSQLClient } from '@databricks/sql';

// A module of its own, because the bundler gives the import() of a CommonJS package no named exports.
// These are the parts that the package's TelemetryClient is made of when it is told to leave the process alone
// (`useGlobalProviders: false`). Its entry would load every instrumentation on the way: three times the code, and
// variables of its own in the environment and the global scope (applicationinsights 3.17.0).
export { LogApi } from 'applicationinsights/out/src/shim/logsApi.js';
export { TelemetryClientProvider } from 'applicationinsights/out/src/shim/telemetryClientProvider.js';
// By its path: the package's own name for it leads to another copy, whose switch moves nothing.
export { ConfigurationManager } from '../node_modules/@azure/monitor-opentelemetry-exporter/dist/commonjs/_configuration/configurationManager.js';

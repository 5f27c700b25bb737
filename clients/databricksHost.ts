import { TerminalError } from '../domain/errors.ts';
import { endpointSettings } from './settings.ts';

/** Scope of tokens for Azure Databricks, whose application id is the same in every tenant. */
export const databricksScope = '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default';

/** Throws WORKSPACE_HOST_REFUSED when the host is none that may see a token. */
export function allowedHost(host: string): void {
  const { DATABRICKS_HOST_PATTERN: pattern } = endpointSettings();
  if (!new RegExp(`^(?:${pattern})$`).test(host))
    throw new TerminalError('WORKSPACE_HOST_REFUSED', `${host} does not fit DATABRICKS_HOST_PATTERN.`);
}

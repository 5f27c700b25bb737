import type { Cloud } from '../cloud/startCloud.ts';
import { parseJson } from '../kit/json.ts';
import { findWorkspace } from '../cloud/findWorkspace.ts';

/** An answer of the local cloud: its status and JSON, large integers as bigint. */
export interface CloudAnswer {
  status: number;
  body: Record<string, unknown>;
}

/** Calls the local cloud as the app's own identity does, by plain HTTPS and without the app's clients. */
export interface CloudCaller {
  /** Path below the resource group, without the API version. */
  arm(method: string, path: string, apiVersion: string, body?: unknown): Promise<CloudAnswer>;
  databricks(workspace: string, method: string, path: string, body?: unknown): Promise<CloudAnswer>;
}

const databricksApplication = '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d';
export const workspacesVersion = '2026-01-01';
export const identitiesVersion = '2024-11-30';
export const assignmentsVersion = '2022-04-01';

export function cloudCaller(cloud: Cloud): CloudCaller {
  const { azure, settings } = cloud;
  const token = async (resource: string): Promise<string> => {
    const query = new URLSearchParams({
      resource,
      'api-version': '2019-08-01',
      client_id: settings['AZURE_CLIENT_ID'] ?? '',
    });
    const headers = { 'x-identity-header': azure.identityHeader };
    const response = await fetch(`${azure.identityEndpoint}?${query.toString()}`, { headers });
    return ((await response.json()) as { access_token: string }).access_token;
  };
  const send = async (
    method: string,
    url: string,
    resource: string,
    body: unknown,
    more: Record<string, string> = {},
  ): Promise<CloudAnswer> => {
    const headers = { authorization: `Bearer ${await token(resource)}`, 'content-type': 'application/json', ...more };
    const response = await fetch(url, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    return { status: response.status, body: parseJson((await response.text()) || '{}') as CloudAnswer['body'] };
  };
  const group = `/subscriptions/${settings['AZURE_SUBSCRIPTION_ID'] ?? ''}/resourceGroups/rg-volatility`;
  return {
    arm: (method, path, apiVersion, body) =>
      send(
        method,
        `${azure.url}${group}${path}${path.includes('?') ? '&' : '?'}api-version=${apiVersion}`,
        'https://management.azure.com',
        body,
      ),
    async databricks(workspace, method, path, body) {
      const url = findWorkspace(cloud, workspace).url + path;
      const answer = await send(method, url, databricksApplication, body);
      if (answer.status !== 403) return answer;
      // Not a member yet, as in a workspace in which nothing has been deployed.
      return send(method, url, databricksApplication, body, {
        'x-databricks-azure-workspace-resource-id': `${group}/providers/Microsoft.Databricks/workspaces/${workspace}`,
        'x-databricks-azure-sp-management-token': await token('https://management.core.windows.net/'),
      });
    },
  };
}

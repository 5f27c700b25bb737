import type { Cloud } from '../../local/cloud/startCloud.ts';
import { type CloudAnswer, workspacesVersion } from '../../local/soak/cloudCaller.ts';

/** Calls Azure as the person who owns the resource group, about one workspace. */
export const askForWorkspace = (
  cloud: Cloud,
  method: 'PUT' | 'PATCH' | 'DELETE',
  name: string,
  body?: object,
  below = `?api-version=${workspacesVersion}`,
): Promise<CloudAnswer> =>
  askAsOwner(cloud, method, `/providers/Microsoft.Databricks/workspaces/${name}${below}`, body);

/** Calls Azure as the person who owns the resource group; the path is one below it, with the API version. */
export async function askAsOwner(cloud: Cloud, method: string, path: string, body?: object): Promise<CloudAnswer> {
  const { azure, settings } = cloud;
  const group = `/subscriptions/${settings['AZURE_SUBSCRIPTION_ID'] ?? ''}/resourceGroups/rg-volatility`;
  const url = `${azure.url}${group}${path}`;
  const headers = { authorization: `Bearer ${cloud.personToken()}`, 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  const text = await response.text();
  return { status: response.status, body: text ? (JSON.parse(text) as CloudAnswer['body']) : {} };
}

/** Adds tags to a workspace as a person does in the portal. */
export async function tagWorkspace(cloud: Cloud, name: string, tags: object): Promise<void> {
  const body = { operation: 'Merge', properties: { tags } };
  const below = '/providers/Microsoft.Resources/tags/default?api-version=2021-04-01';
  const { status } = await askForWorkspace(cloud, 'PATCH', name, body, below);
  if (status !== 200) throw new Error(`${status}`);
}

/** A premium workspace as a person makes one; it is there once the clock has been moved. */
export async function makeWorkspace(cloud: Cloud, name: string, tags: object, location = 'westeurope'): Promise<void> {
  const subscription = `/subscriptions/${cloud.settings['AZURE_SUBSCRIPTION_ID'] ?? ''}`;
  const managedResourceGroupId = `${subscription}/resourceGroups/managed-${name}`;
  const wish = {
    location,
    sku: { name: 'premium' },
    tags,
    properties: { computeMode: 'Hybrid', managedResourceGroupId },
  };
  const { status, body } = await askForWorkspace(cloud, 'PUT', name, wish);
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
}

import type { Cloud } from '../../local/cloud/startCloud.ts';
import {
  type CloudAnswer,
  assignmentsVersion,
  cloudCaller,
  identitiesVersion,
  workspacesVersion,
} from '../../local/soak/cloudCaller.ts';

const ownerTag = 'accelerator-deployment';

interface Tagged {
  name: string;
  tags?: Record<string, string>;
}
type Pair = { key: string; value: string };

/**
 * Everything in the cloud that carries a deployment's mark, as `kind name`, sorted: in Azure and in every workspace. With
 * it what can carry none in the deployment's own workspace: Git folders and models.
 */
export async function taggedResources(cloud: Cloud, deployment: string, workspaceName: string): Promise<string[]> {
  const caller = cloudCaller(cloud);
  const found: string[] = [];
  const inGroup = async (path: string, version: string): Promise<Tagged[]> =>
    ((await caller.arm('GET', path, version)).body['value'] ?? []) as Tagged[];
  const workspaces = await inGroup('/providers/Microsoft.Databricks/workspaces', workspacesVersion);
  const identities = await inGroup('/providers/Microsoft.ManagedIdentity/userAssignedIdentities', identitiesVersion);
  for (const { name, tags } of workspaces) if (tags?.[ownerTag] === deployment) found.push(`workspace ${name}`);
  for (const { name, tags } of identities) if (tags?.[ownerTag] === deployment) found.push(`identity ${name}`);
  for (const { resourceId, server } of cloud.databricks.workspaces()) {
    server.faults.clear();
    const name = resourceId.split('/').at(-1) ?? '';
    const api = async (method: string, path: string, body?: unknown): Promise<CloudAnswer['body']> =>
      (await caller.databricks(name, method, path, body)).body;
    const untagged = name.toLowerCase() === workspaceName.toLowerCase() ? await unmarked(api) : [];
    found.push(...(await inWorkspace(api, deployment)).map((what) => `${what} in ${name}`), ...untagged);
  }
  return found.toSorted();
}

type Api = (method: string, path: string, body?: unknown) => Promise<CloudAnswer['body']>;

async function inWorkspace(api: Api, deployment: string): Promise<string[]> {
  const found: string[] = [];
  const list = async <T>(method: string, path: string, field: string, body?: unknown): Promise<T[]> =>
    ((await api(method, path, body))[field] ?? []) as T[];
  const isOwn = (tags: Pair[] = []): boolean => tags.some(({ key, value }) => key === ownerTag && value === deployment);

  type Job = { settings: Tagged };
  for (const { settings } of await list<Job>('GET', '/api/2.2/jobs/list?limit=100', 'jobs'))
    if (settings.tags?.[ownerTag] === deployment) found.push(`job ${settings.name}`);
  type Warehouse = { name: string; state: string; tags?: { custom_tags?: Pair[] } };
  for (const { name, state, tags } of await list<Warehouse>('GET', '/api/2.0/sql/warehouses', 'warehouses'))
    if (isOwn(tags?.custom_tags) && state !== 'DELETING') found.push(`warehouse ${name}`);
  const unity = '/api/2.1/unity-catalog';
  type Owned = { name: string; full_name: string; properties?: Record<string, string> };
  const catalogs = await list<Owned>('GET', `${unity}/catalogs`, 'catalogs');
  for (const { name: catalog } of catalogs) {
    const schemas = await list<Owned>('GET', `${unity}/schemas?catalog_name=${catalog}`, 'schemas');
    const places = schemas.map(({ name }) => `${unity}/tables?catalog_name=${catalog}&schema_name=${name}`);
    const tables = await Promise.all(places.map((place) => list<Owned>('GET', place, 'tables')));
    const own = [...schemas, ...tables.flat()].filter(({ properties }) => properties?.[ownerTag] === deployment);
    found.push(...own.map((one) => `data ${one.full_name}`));
  }
  const mlflow = '/api/2.0/mlflow';
  type Experiment = { experiment_id: string; name: string; tags?: Pair[] };
  for (const { experiment_id: id, name, tags } of await list<Experiment>(
    'GET',
    `${mlflow}/experiments/search`,
    'experiments',
  )) {
    if (isOwn(tags)) found.push(`experiment ${name}`);
    type Run = { info: { run_id: string }; data: { tags?: Pair[] } };
    const runs = await list<Run>('POST', `${mlflow}/runs/search`, 'runs', { experiment_ids: [id] });
    for (const { info, data } of runs) if (isOwn(data.tags)) found.push(`run ${info.run_id}`);
  }
  return found;
}

async function unmarked(api: Api): Promise<string[]> {
  const models = (await api('GET', '/api/2.1/unity-catalog/models'))['registered_models'] ?? [];
  const folders = (await api('GET', '/api/2.0/repos?path_prefix=/Users'))['repos'] ?? [];
  return [
    ...(models as { full_name: string }[]).map(({ full_name }) => `model ${full_name}`),
    ...(folders as { path: string }[]).map(({ path }) => `Git folder ${path}`),
  ];
}

/** How many roles on workspaces of the group have been given to identities, whether these are still there or not. */
export async function rolesOnWorkspaces(cloud: Cloud): Promise<number> {
  const { body } = await cloudCaller(cloud).arm(
    'GET',
    '/providers/Microsoft.Authorization/roleAssignments',
    assignmentsVersion,
  );
  const all = (body['value'] ?? []) as { properties: { scope: string } }[];
  return all.filter(({ properties }) => properties.scope.includes('/workspaces/')).length;
}

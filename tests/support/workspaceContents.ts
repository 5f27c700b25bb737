import { type CloudCaller, workspacesVersion } from '../../local/soak/cloudCaller.ts';

/** What somebody can see of a workspace: all lists, without what changes by itself. */
export async function workspaceContents(caller: CloudCaller, name: string): Promise<unknown[]> {
  const paths = [
    '/api/2.2/jobs/list?limit=100',
    '/api/2.0/sql/warehouses',
    '/api/2.0/repos?path_prefix=/',
    '/api/2.0/preview/scim/v2/ServicePrincipals',
    '/api/2.0/workspace/list?path=/Shared',
    '/api/2.0/mlflow/experiments/search?view_type=ACTIVE_ONLY',
    '/api/2.1/unity-catalog/catalogs',
    `/api/2.1/unity-catalog/schemas?catalog_name=${name.replaceAll('-', '_')}`,
    '/api/2.1/unity-catalog/models',
  ];
  const contents: unknown[] = [];
  for (const path of paths) contents.push([path, (await caller.databricks(name, 'GET', path)).body]);
  const resource = `/providers/Microsoft.Databricks/workspaces/${name}`;
  return [...contents, (await caller.arm('GET', resource, workspacesVersion)).body];
}

import { createHash } from 'node:crypto';
import type { AddRoute } from '../routes.ts';
import type { Workspace } from '../workspace.ts';

/** The metastore of a workspace; its id follows from the workspace's. */
export const metastoreIdOf = ({ record }: Workspace): string => uuidFrom(`metastore of ${record.workspaceId}`);

/** What clients ask for first: which metastore the workspace has, and which catalog is its default. */
export function addMetastoreRoutes(on: AddRoute, base: string, workspace: Workspace): void {
  const { record } = workspace;
  const metastoreId = metastoreIdOf(workspace);
  on('GET', `${base}/current-metastore-assignment`, () => ({
    body: {
      metastore_id: metastoreId,
      workspace_id: BigInt(record.workspaceId),
      default_catalog_name: workspace.lakehouse().catalogs[0],
    },
  }));
  on('GET', `${base}/metastore_summary`, () => ({
    body: {
      metastore_id: metastoreId,
      name: `metastore_azure_${record.location}`,
      global_metastore_id: `azure:${record.location}:${metastoreId}`,
      cloud: 'azure',
      region: record.location,
      created_at: record.createdMs,
    },
  }));
}

function uuidFrom(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
}

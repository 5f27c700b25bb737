import type { ApiServer } from '../kit/server.ts';
import type { Cloud } from './startCloud.ts';

/** The server of a workspace of the cloud, by the workspace's name. */
export function findWorkspace({ databricks }: Cloud, name: string): ApiServer {
  const end = `/${name}`.toLowerCase();
  const found = databricks.workspaces().find(({ resourceId }) => resourceId.toLowerCase().endsWith(end));
  if (!found) throw new Error(`there is no workspace ${name}`);
  return found.server;
}

import * as v from 'valibot';
import { databricks, id } from '../clients/databricks.ts';
import { orUndefined } from '../clients/databricksFailure.ts';
import type { Removed, RemoveInWorkspace } from '../domain/removal.ts';
import { seenAzure } from './seenAzure.ts';

const principals = '/api/2.0/preview/scim/v2/ServicePrincipals';
const found = v.object({ Resources: v.optional(v.array(v.object({ id })), []) });

/** Removes the entries of the identities that carry the deployment's tag from the workspace. */
export async function removePrincipal({ workspace, ...deployment }: RemoveInWorkspace): Promise<Removed> {
  const api = databricks(workspace);
  const result: Removed = { removed: [], kept: [] };
  for (const { clientId, name } of (await seenAzure(deployment)).own) {
    const { Resources } = await api.get(principals, { filter: `applicationId eq "${clientId}"` }, found);
    for (const entry of Resources) {
      await orUndefined(api.delete(`${principals}/${entry.id}`));
      result.removed.push({ kind: 'servicePrincipal', name });
    }
  }
  return result;
}

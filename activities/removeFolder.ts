import { databricks } from '../clients/databricks.ts';
import { orUndefined } from '../clients/databricksFailure.ts';
import type { Removed, RemoveInWorkspace } from '../domain/removal.ts';
import { homeOf, seenFolder } from './seenFolder.ts';

/** Deletes the accelerator's Git folder; a folder of another repository at its path is left. */
export async function removeFolder({ workspace, ...deployment }: RemoveInWorkspace): Promise<Removed> {
  const api = databricks(workspace);
  const { path, own, other } = await seenFolder(api, await homeOf(api), deployment);
  const item = { kind: 'gitFolder', name: path } as const;
  if (other) return { removed: [], kept: [{ ...item, why: `it is ${other}` }] };
  if (!own) return { removed: [], kept: [] };
  await orUndefined(api.delete(`/api/2.0/repos/${own.id}`));
  return { removed: [item], kept: [] };
}

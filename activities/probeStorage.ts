import * as v from 'valibot';
import { databricks } from '../clients/databricks.ts';
import { DatabricksError } from '../clients/databricksFailure.ts';
import { DeploymentError } from '../domain/errors.ts';
import type { StorageProbe, Workspace } from '../domain/steps.ts';

/**
 * Whether the storage of a new workspace answers. It follows the workspace by seconds to minutes (terraform-provider-databricks
 * issues 1903, 2122). Where DBFS is switched off it can never answer: that counts as ready, and the clone will tell.
 */
export async function probeStorage({ workspace }: { workspace: Workspace }): Promise<StorageProbe> {
  try {
    await databricks(workspace).get('/api/2.0/dbfs/get-status', { path: '/' }, v.object({ path: v.string() }));
    return { ready: true };
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    if (error instanceof DatabricksError && isSwitchedOff(error)) return { ready: true };
    const { code, message, retryAfterSeconds } = error.failure;
    if (code === 'DATABRICKS_UNAVAILABLE' || code === 'DATABRICKS_REJECTED') {
      const reason = message.slice(0, 300);
      return { ready: false, reason, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
    }
    throw error;
  }
}

const isSwitchedOff = ({ remoteCode, message }: DatabricksError): boolean =>
  remoteCode === 'FEATURE_DISABLED' || /DBFS[^.]*\bdisabled\b/i.test(message);

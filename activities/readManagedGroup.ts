import * as v from 'valibot';
import { readArm } from '../clients/arm.ts';
import { isGroupMissing } from '../clients/armFailure.ts';
import { DeploymentError } from '../domain/errors.ts';
import type { ManagedGroup } from '../domain/steps.ts';

/**
 * Whether the group that Databricks manages for a workspace is still there. The app's rights end at its own resource
 * group, so a refusal is an answer: `hidden`.
 */
export async function readManagedGroup({ managedGroupId }: { managedGroupId: string }): Promise<ManagedGroup> {
  try {
    const there = await readArm(managedGroupId, '2025-04-01', v.object({ id: v.string() }), isGroupMissing);
    return { state: there ? 'there' : 'gone' };
  } catch (error) {
    if (error instanceof DeploymentError && error.failure.code === 'AZURE_DENIED') return { state: 'hidden' };
    throw error;
  }
}

const failed = new Set(['Failed', 'Canceled']);
const unusable = new Set([...failed, 'Deleting', 'Deleted']);

/** Whether a resource, or an operation of Azure Resource Manager, has ended without what was asked for. */
export const hasFailed = (state = ''): boolean => failed.has(state);

/** Whether a workspace is failed, or on its way out. */
export const isUnusable = (provisioningState = ''): boolean => unusable.has(provisioningState);

/** Whether a workspace of the deployment's own is asked for once more, because its creation has come to nothing. */
export const isMadeAnew = (ours: boolean, provisioningState: string | undefined): boolean =>
  ours && hasFailed(provisioningState);

/** Whether a workspace of the deployment's own is asked for once more, because its creation has come to nothing. */
export const isMadeAnew = (ours: boolean, provisioningState: string | undefined): boolean =>
  ours && (provisioningState === 'Failed' || provisioningState === 'Canceled');

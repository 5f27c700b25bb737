import type { Ending } from './run.ts';

export const success: Ending = {
  lifeCycle: 'TERMINATED',
  result: 'SUCCESS',
  message: '',
  termination: { code: 'SUCCESS', type: 'SUCCESS' },
};

export const workloadFailed: Ending = {
  lifeCycle: 'TERMINATED',
  result: 'FAILED',
  message: 'Workload failed, see run output for details',
  termination: { code: 'RUN_EXECUTION_ERROR', type: 'CLIENT_ERROR' },
};

/** The ending of a task whose driver is gone; nothing is known of its notebook. */
export const driverLost: Ending = {
  lifeCycle: 'INTERNAL_ERROR',
  result: 'FAILED',
  message: 'The spark driver has stopped unexpectedly and is restarting.',
  termination: { code: 'DRIVER_ERROR', type: 'INTERNAL_ERROR' },
};

/** The ending of a task whose notebook printed and showed too much (wording: MicrosoftDocs/azure-docs #72830). */
export const outputTooLarge = (error: string): Ending => ({
  lifeCycle: 'INTERNAL_ERROR',
  result: 'FAILED',
  message: `Run result unavailable: job failed with error message\n ${error}`,
  termination: { code: 'RUN_EXECUTION_ERROR', type: 'CLIENT_ERROR' },
});

export const canceledByUser: Ending = {
  lifeCycle: 'TERMINATED',
  result: 'CANCELED',
  message: 'Run cancelled.',
  termination: { code: 'USER_CANCELED', type: 'CLIENT_ERROR' },
};

/** The ending of a run or task that passed its `timeout_seconds`. */
export const timedOut = (seconds: number): Ending => ({
  lifeCycle: 'TERMINATED',
  result: 'TIMEDOUT',
  message: `Run exceeded its timeout of ${seconds} seconds`,
  termination: { code: 'CANCELED', type: 'CLIENT_ERROR' },
});

export const concurrencyReached = (most: number): Ending => ({
  lifeCycle: 'SKIPPED',
  result: 'MAXIMUM_CONCURRENT_RUNS_REACHED',
  message: `Skipped, because the job already has its maximum of ${most} concurrent runs.`,
  termination: { code: 'MAX_CONCURRENT_RUNS_EXCEEDED', type: 'CLIENT_ERROR' },
});

export const notebookMissing = (path: string, runAs: string): Ending => ({
  lifeCycle: 'INTERNAL_ERROR',
  result: 'FAILED',
  message: `Unable to access the notebook "${path}". Either it does not exist, or the identity used to run this job, ${runAs}, lacks the required permissions.`,
  termination: { code: 'RESOURCE_NOT_FOUND', type: 'CLIENT_ERROR' },
});

export const wrongLanguage = (path: string, language: string): Ending => ({
  lifeCycle: 'INTERNAL_ERROR',
  result: 'FAILED',
  message: `The Databricks emulator runs Python notebooks only; ${path} is in ${language}.`,
  termination: { code: 'INVALID_RUN_CONFIGURATION', type: 'CLIENT_ERROR' },
});

/** The ending of a task that the platform lost (wording: databrickslabs/dbx #627). */
export const internalError = (message: string): Ending => ({
  lifeCycle: 'INTERNAL_ERROR',
  result: 'FAILED',
  message: `Run result unavailable: job failed with error message\n ${message}`,
  termination: { code: 'INTERNAL_ERROR', type: 'INTERNAL_ERROR' },
});

/** The ending of the tasks on a cluster that the cloud took away while they ran. */
export const clusterLost = (clusterId: string, { code, type, message }: ClusterReason): Ending => ({
  lifeCycle: 'INTERNAL_ERROR',
  result: 'FAILED',
  message: `Cluster '${clusterId}' was terminated. Reason: ${code} (${type}). Parameters: databricks_error_message:${message}`,
  termination: { code: 'CLOUD_FAILURE', type: 'CLOUD_FAILURE' },
});

/** Why a cluster was terminated. */
export interface ClusterReason {
  code: string;
  type: string;
  message: string;
}

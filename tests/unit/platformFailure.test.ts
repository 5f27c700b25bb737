import { describe, expect, test } from 'vitest';
import { errorTable } from '../../domain/errorTable.ts';
import { platformFailureOf, type TerminationDetails } from '../../domain/platformFailure.ts';

const said = (details: TerminationDetails): string => {
  const failure = platformFailureOf(details);
  return failure ? `${failure.code}${failure.repairable ? ', repaired' : ''}` : 'the notebook\u2019s own';
};
const waiting = (reason: string): string =>
  `Unexpected failure while waiting for the cluster (1102-043337-1ju7tror) to be ready.Cause Unexpected state for cluster (1102-043337-1ju7tror): ${reason}`;
const clusterError = (reason: string): TerminationDetails => ({
  code: 'CLUSTER_ERROR',
  type: 'CLIENT_ERROR',
  message: waiting(reason),
});
const cores =
  'Operation could not be completed as it results in exceeding approved standardNCASv3_T4Family Cores quota. Additional details - Deployment Model: Resource Manager, Location: westeurope, Current Limit: 0, Current Usage: 0, Additional Required: 4, (Minimum) New Limit Required: 4.';

describe('a cluster that did not come up', () => {
  test.each([
    // databricks-industry-solutions/pixels #24
    ['AZURE_QUOTA_EXCEEDED_EXCEPTION(CLIENT_ERROR): azure_error_code:QuotaExceeded,azure_error_message:' + cores],
    // MicrosoftLearning/DP-200 #88 has the words under this code of Azure
    ['CLOUD_PROVIDER_LAUNCH_FAILURE(CLOUD_FAILURE): azure_error_code:OperationNotAllowed,azure_error_message:' + cores],
    ['AZURE_OPERATION_NOT_ALLOWED_EXCEPTION(CLIENT_ERROR): azure_error_message:' + cores],
  ])('for want of quota is not asked for again: %s', (reason) => {
    expect(said(clusterError(reason))).toBe('CLUSTER_QUOTA');
  });

  test.each([
    'CLOUD_PROVIDER_RESOURCE_STOCKOUT(CLOUD_FAILURE): azure_error_code:SkuNotAvailable',
    // A stock-out that calls itself the client's error.
    'CLOUD_PROVIDER_RESOURCE_STOCKOUT(CLIENT_ERROR): azure_error_code:AllocationFailed',
    'AZURE_RESOURCE_MANAGER_THROTTLING(CLIENT_ERROR): databricks_error_message:Too many requests',
    'BOOTSTRAP_TIMEOUT(SERVICE_FAULT): databricks_error_message:[id: InstanceId(0)] Bootstrap is terminated',
    // With the type that a public list of such errors has.
    'SELF_BOOTSTRAP_FAILURE(SUCCESS): databricks_error_message:Self-bootstrap failure during launch.',
    'INSTANCE_UNREACHABLE(CLOUD_FAILURE): databricks_error_message:Bootstrap completes in the VM but control plane failed',
    'SOMETHING_NEW(SERVICE_FAULT): databricks_error_message:What is this?',
  ])('because of the cloud may come up later: %s', (reason) => {
    expect(said(clusterError(reason))).toBe('CLUSTER_UNAVAILABLE, repaired');
  });

  test.each([
    'INVALID_ARGUMENT(CLIENT_ERROR): databricks_error_message:No.',
    'EOS_SPARK_IMAGE(CLIENT_ERROR): databricks_error_message:13.3.x is no longer supported.',
    'UNSUPPORTED_INSTANCE_TYPE(CLIENT_ERROR): databricks_error_message:No.',
    'SUBNET_EXHAUSTED_FAILURE(CLOUD_FAILURE): databricks_error_message:No address is left.',
    'SOMETHING_NEW(CLIENT_ERROR): databricks_error_message:What is this?',
  ])('because of what was asked for does not come up later: %s', (reason) => {
    expect(said(clusterError(reason))).toBe('CLUSTER_REFUSED');
  });

  test('is known by the words of a task, of the run around it, and without any code', () => {
    const reason = 'CLOUD_PROVIDER_RESOURCE_STOCKOUT(CLOUD_FAILURE): sold out';
    const message = `Task PIV_01 failed with message: ${waiting(reason)}. This caused all downstream tasks to get skipped.`;
    expect(said({ message })).toBe('CLUSTER_UNAVAILABLE, repaired');
    expect(said({ message: waiting('something') })).toBe('CLUSTER_UNAVAILABLE, repaired');
    expect(
      said({
        message:
          'Unexpected user error while preparing the cluster for the job. Cause: INVALID_PARAMETER_VALUE: Invalid spark version 1.',
      }),
    ).toBe('CLUSTER_REFUSED');
  });
});

test('a cluster that was taken away is asked for again', () => {
  const message = "Cluster '1102-1' was terminated. Reason: SPOT_INSTANCE_TERMINATION (CLOUD_FAILURE). Parameters: x:y";
  expect(said({ code: 'CLOUD_FAILURE', type: 'CLOUD_FAILURE', message })).toBe('CLUSTER_UNAVAILABLE, repaired');
});

// Every code of the Jobs API 2.2 that is a failure, with its usual type, and what comes without a cluster's reason.
test.each([
  ['RUN_EXECUTION_ERROR', 'CLIENT_ERROR', 'the notebook\u2019s own'],
  ['RUN_EXECUTION_ERROR', 'INTERNAL_ERROR', 'the notebook\u2019s own'],
  ['INTERNAL_ERROR', 'INTERNAL_ERROR', 'RUN_FAILED, repaired'],
  ['DRIVER_ERROR', 'INTERNAL_ERROR', 'RUN_FAILED, repaired'],
  ['DRIVER_ERROR', 'CLIENT_ERROR', 'RUN_FAILED, repaired'],
  ['CLUSTER_ERROR', 'CLIENT_ERROR', 'CLUSTER_UNAVAILABLE, repaired'],
  ['CLOUD_FAILURE', 'CLOUD_FAILURE', 'CLUSTER_UNAVAILABLE, repaired'],
  ['CLUSTER_REQUEST_LIMIT_EXCEEDED', 'CLIENT_ERROR', 'CLUSTER_UNAVAILABLE, repaired'],
  ['INVALID_CLUSTER_REQUEST', 'CLIENT_ERROR', 'CLUSTER_REFUSED'],
  ['STORAGE_ACCESS_ERROR', 'CLIENT_ERROR', 'RUN_FAILED, repaired'],
  ['REPOSITORY_CHECKOUT_FAILED', 'CLIENT_ERROR', 'RUN_FAILED, repaired'],
  ['WORKSPACE_RUN_LIMIT_EXCEEDED', 'CLIENT_ERROR', 'RUN_FAILED, repaired'],
  ['FEATURE_DISABLED', 'CLIENT_ERROR', 'RUN_FAILED'],
  ['UNAUTHORIZED_ERROR', 'CLIENT_ERROR', 'RUN_FAILED'],
  ['LIBRARY_INSTALLATION_ERROR', 'CLIENT_ERROR', 'RUN_FAILED'],
  ['MAX_SPARK_CONTEXTS_EXCEEDED', 'CLIENT_ERROR', 'RUN_FAILED'],
  ['RESOURCE_NOT_FOUND', 'CLIENT_ERROR', 'RUN_FAILED'],
  ['INVALID_RUN_CONFIGURATION', 'CLIENT_ERROR', 'RUN_FAILED'],
  ['MAX_JOB_QUEUE_SIZE_EXCEEDED', 'CLIENT_ERROR', 'RUN_FAILED'],
  ['BREAKING_CHANGE', 'CLIENT_ERROR', 'RUN_FAILED'],
  ['BUDGET_POLICY_LIMIT_EXCEEDED', 'CLIENT_ERROR', 'RUN_FAILED'],
  ['SOMETHING_NEW', 'CLOUD_FAILURE', 'RUN_FAILED, repaired'],
  ['SOMETHING_NEW', 'CLIENT_ERROR', 'RUN_FAILED'],
  ['', 'CLIENT_ERROR', 'the notebook\u2019s own'],
  ['', '', 'the notebook\u2019s own'],
])('%s of type %s is %s', (code, type, expected) => {
  expect(said({ code, type, message: 'Workload failed, see run output for details' })).toBe(expected);
});

test('only a cluster fails for quota, whatever a text quotes', () => {
  const message = `A library could not be installed: ${cores}`;
  expect(said({ code: 'LIBRARY_INSTALLATION_ERROR', type: 'CLIENT_ERROR', message })).toBe('RUN_FAILED');
  expect(said({ code: 'CLOUD_FAILURE', type: 'CLOUD_FAILURE', message })).toBe('CLUSTER_QUOTA');
});

test('what a person reads names the way out', () => {
  expect(errorTable.CLUSTER_QUOTA.hint).toContain('az vm list-usage');
  expect(errorTable.CLUSTER_REFUSED.hint).toContain('node type');
});

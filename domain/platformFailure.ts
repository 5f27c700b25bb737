import type { ErrorCode } from './errorTable.ts';

/** A failure of the platform, not of the notebooks: what a person is told, and whether running the task again can help. */
export interface PlatformFailure {
  code: ErrorCode;
  repairable: boolean;
}

/** How Databricks says that a run or a task ended; the cluster's own reason stands in the message. */
export interface TerminationDetails {
  code?: string | undefined;
  type?: string | undefined;
  message?: string | undefined;
}

const quota: PlatformFailure = { code: 'CLUSTER_QUOTA', repairable: false };
const refused: PlatformFailure = { code: 'CLUSTER_REFUSED', repairable: false };
const unavailable: PlatformFailure = { code: 'CLUSTER_UNAVAILABLE', repairable: true };
const passing: PlatformFailure = { code: 'RUN_FAILED', repairable: true };
const lasting: PlatformFailure = { code: 'RUN_FAILED', repairable: false };

/** Codes of `termination_details` (databricks-sdk-go, service/jobs/model.go, TerminationCodeCode); the others go by their type. */
const byRunCode: Record<string, PlatformFailure> = {
  CLUSTER_ERROR: unavailable,
  CLOUD_FAILURE: unavailable,
  CLUSTER_REQUEST_LIMIT_EXCEEDED: unavailable,
  INVALID_CLUSTER_REQUEST: refused,
  INTERNAL_ERROR: passing,
  DRIVER_ERROR: passing,
  STORAGE_ACCESS_ERROR: passing,
  REPOSITORY_CHECKOUT_FAILED: passing,
  WORKSPACE_RUN_LIMIT_EXCEEDED: passing,
};

/**
 * Reasons for which a cluster ended that go against their type (databricks-sdk-go, service/compute/model.go,
 * TerminationReasonCode): of a CLIENT_ERROR it is said that it needs a person, of the others that they may be tried again.
 */
const byClusterReason: Record<string, PlatformFailure> = {
  AZURE_QUOTA_EXCEEDED_EXCEPTION: quota,
  CLOUD_PROVIDER_RESOURCE_STOCKOUT: unavailable,
  CLOUD_PROVIDER_LAUNCH_FAILURE: unavailable,
  CLOUD_PROVIDER_SHUTDOWN: unavailable,
  SPOT_INSTANCE_TERMINATION: unavailable,
  AZURE_RESOURCE_MANAGER_THROTTLING: unavailable,
  AZURE_RESOURCE_PROVIDER_THROTTLING: unavailable,
  REQUEST_THROTTLED: unavailable,
  REQUEST_REJECTED: unavailable,
  TEMPORARILY_UNAVAILABLE: unavailable,
  BOOTSTRAP_TIMEOUT: unavailable,
  BOOTSTRAP_TIMEOUT_CLOUD_PROVIDER_EXCEPTION: unavailable,
  SELF_BOOTSTRAP_FAILURE: unavailable,
  INSTANCE_UNREACHABLE: unavailable,
  COMMUNICATION_LOST: unavailable,
  STORAGE_DOWNLOAD_FAILURE: unavailable,
  INVALID_ARGUMENT: refused,
  EOS_SPARK_IMAGE: refused,
  INVALID_SPARK_IMAGE: refused,
  SPARK_IMAGE_NOT_FOUND: refused,
  UNSUPPORTED_INSTANCE_TYPE: refused,
  AZURE_OPERATION_NOT_ALLOWED_EXCEPTION: refused,
  AZURE_INVALID_DEPLOYMENT_TEMPLATE: refused,
  SUBNET_EXHAUSTED_FAILURE: refused,
  WORKSPACE_CONFIGURATION_ERROR: refused,
  TRIAL_EXPIRED: refused,
};

// "… AZURE_QUOTA_EXCEEDED_EXCEPTION(CLIENT_ERROR): azure_error_code:QuotaExceeded,…" (databricks-industry-solutions/pixels #24).
const clusterReason = /\b([A-Z][A-Z0-9_]+) ?\((CLIENT_ERROR|CLOUD_FAILURE|SERVICE_FAULT|SUCCESS)\)/;
// Azure says the same under other codes, such as OperationNotAllowed (MicrosoftLearning/DP-200 #88).
const quotaWords = /exceeding approved .{1,80}quota|QuotaExceeded/i;
// What the Jobs service puts before the cause, for a run that came without `status` (databrickslabs/dbx #782).
const clusterWords = /^Unexpected failure while waiting for the cluster/;
const refusedWords = /^Unexpected user error while preparing the cluster/;

/** What a failure of the platform is; undefined for a notebook's own. */
export function platformFailureOf({
  code = '',
  type = '',
  message = '',
}: TerminationDetails): PlatformFailure | undefined {
  if (code === 'RUN_EXECUTION_ERROR') return undefined;
  const [, reason, reasonType] = clusterReason.exec(message) ?? [];
  if (reason) return byReason(reason, reasonType, message);
  const known = byRunCode[code] ?? byType(code, type) ?? byWords(message);
  return known && known.code !== 'RUN_FAILED' && quotaWords.test(message) ? quota : known;
}

function byReason(reason: string, type: string | undefined, message: string): PlatformFailure {
  if (quotaWords.test(message)) return quota;
  return byClusterReason[reason] ?? (type === 'CLIENT_ERROR' ? refused : unavailable);
}

function byType(code: string, type: string): PlatformFailure | undefined {
  if (type === 'CLOUD_FAILURE' || type === 'INTERNAL_ERROR') return passing;
  return type === 'CLIENT_ERROR' && code !== '' ? lasting : undefined;
}

function byWords(message: string): PlatformFailure | undefined {
  if (refusedWords.test(message)) return refused;
  return clusterWords.test(message) ? unavailable : undefined;
}

import { isRestError, type RestError } from '@azure/core-rest-pipeline';
import { DeploymentError, RetryableError, TerminalError } from '../domain/errors.ts';
import type { ErrorCode } from '../domain/errorTable.ts';
import { policyDenial } from './policyDenial.ts';
import { retryAfterSeconds } from './retryAfter.ts';

const terminalCodes = new Map<string, ErrorCode>([
  ['MissingSubscriptionRegistration', 'PROVIDER_NOT_REGISTERED'],
  ['ScopeLocked', 'RESOURCE_LOCKED'],
]);

/** Codes of answers that are not Resource Manager's own words: none at all, or a gateway's page that the client could not read. */
const foreign = new Set(['Unknown', 'PARSE_ERROR']);

/** What an ARM call's error means for its step. */
export function armFailure(error: unknown): DeploymentError {
  if (error instanceof DeploymentError) return error;
  if (!isRestError(error)) {
    const name = error instanceof Error ? error.name : '';
    if (name === 'AbortError' || name === 'TimeoutError')
      return new RetryableError('AZURE_UNAVAILABLE', 'Azure did not answer in time.');
    // What a client says that fails on an answer is about its own code, and no help to anyone who reads it.
    return new RetryableError('ANSWER_INVALID', 'Azure\u2019s answer could not be read.');
  }
  const { statusCode: status = 0 } = error;
  const code = remoteCodeOf(error);
  const said = {
    cause: `${code}: ${remoteMessageOf(error)}`,
    retryAfterSeconds: retryAfterSeconds(error.response?.headers.get('retry-after')),
  };
  if (code === 'RequestDisallowedByPolicy') return new TerminalError('POLICY_DENIED', denialOf(error), said);
  const terminal = terminalCodes.get(code);
  if (terminal) return new TerminalError(terminal, remoteMessageOf(error), said);
  if (code === 'PrincipalNotFound') return new RetryableError('PRINCIPAL_NOT_FOUND', remoteMessageOf(error), said);
  if (status === 429) return new RetryableError('AZURE_THROTTLED', 'Azure asks to slow down.', said);
  if (status === 401 || status === 403) return new RetryableError('AZURE_DENIED', remoteMessageOf(error), said);
  if (status === 0)
    return new RetryableError('AZURE_UNAVAILABLE', `Azure could not be reached (${error.code ?? 'no answer'}).`, said);
  // 409 says that another operation on the same resource is under way.
  if (status >= 500 || status === 408 || status === 409)
    return new RetryableError('AZURE_UNAVAILABLE', `Azure answered ${status} ${code}.`, said);
  if (status < 400 || foreign.has(code))
    return new RetryableError('ANSWER_INVALID', `Azure answered ${status} with an unknown shape.`, said);
  return new TerminalError('AZURE_REJECTED', remoteMessageOf(error), said);
}

/** Whether the error is ARM's word that the resource itself is not there; a gateway's 404 would have us write over what is. */
export const isResourceMissing = (error: unknown): boolean =>
  isRestError(error) && error.statusCode === 404 && /^(?:Resource)?NotFound$/.test(remoteCodeOf(error));

/** Whether Azure has answered, whatever it was. */
export const isAnswered = (error: unknown): boolean => isRestError(error) && error.statusCode !== undefined;

/** Whether the error is ARM's word that there is no such resource group, and with it nothing that lay in it. */
export const isGroupMissing = (error: unknown): boolean =>
  isRestError(error) && error.statusCode === 404 && remoteCodeOf(error) === 'ResourceGroupNotFound';

/** Whether the error says that a resource is gone, alone or with its group. */
export const isGone = (error: unknown): boolean => isResourceMissing(error) || isGroupMissing(error);

/** ARM's own error code, as far as the answer had one. */
export function remoteCodeOf(error: RestError): string {
  return textOf(errorBody(error)?.code) || textOf(error.code) || 'Unknown';
}

function remoteMessageOf(error: RestError): string {
  return textOf(errorBody(error)?.message) || error.message.split('\n', 1)[0] || 'Azure gives no reason.';
}

const denialOf = (error: RestError): string => {
  const said = { code: remoteCodeOf(error), message: remoteMessageOf(error) };
  return policyDenial({ ...errorBody(error), ...said }) ?? said.message;
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function errorBody(error: RestError): { code?: unknown; message?: unknown } | undefined {
  const text = error.response?.bodyAsText;
  if (!text) return undefined;
  try {
    const body = JSON.parse(text) as { error?: { code?: unknown; message?: unknown } | null } | null;
    return body?.error ?? undefined;
  } catch {
    return undefined;
  }
}

import type { ApiReply } from '../kit/router.ts';

/** An error as the workspace API answers it: HTTP status, `error_code` and message. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** Sent as `Retry-After`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, code: string, message: string, retryAfterSeconds?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export const invalidParameter = (message: string): ApiError => new ApiError(400, 'INVALID_PARAMETER_VALUE', message);
export const missingField = (name: string): ApiError => invalidParameter(`Missing required field: ${name}`);
export const malformedRequest = (message: string): ApiError => new ApiError(400, 'MALFORMED_REQUEST', message);
export const invalidState = (message: string): ApiError => new ApiError(400, 'INVALID_STATE', message);
export const alreadyExists = (message: string): ApiError => new ApiError(400, 'RESOURCE_ALREADY_EXISTS', message);
export const doesNotExist = (message: string): ApiError => new ApiError(404, 'RESOURCE_DOES_NOT_EXIST', message);
export const unauthenticated = (message: string): ApiError => new ApiError(401, 'UNAUTHENTICATED', message);
export const permissionDenied = (message: string): ApiError => new ApiError(403, 'PERMISSION_DENIED', message);
/** What Databricks offers and this emulator does not: never a silent success. */
export const notEmulated = (what: string): ApiError =>
  new ApiError(501, 'NOT_IMPLEMENTED', `The Databricks emulator does not implement ${what}.`);

/** The reply for anything that a handler throws; what is no ApiError is a fault of the emulator and says so. */
export function errorReply(error: unknown): ApiReply {
  if (error instanceof SyntaxError)
    return errorReply(malformedRequest(`Invalid JSON in request body: ${error.message}`));
  if (error instanceof URIError) return errorReply(malformedRequest('The address has an invalid escape sequence.'));
  if (!(error instanceof ApiError)) {
    console.error('The Databricks emulator failed:', error);
    return { status: 500, body: { error_code: 'INTERNAL_ERROR', message: `Emulator fault: ${String(error)}` } };
  }
  const { status, code, message, retryAfterSeconds } = error;
  return {
    status,
    ...(retryAfterSeconds !== undefined && { headers: { 'retry-after': String(retryAfterSeconds) } }),
    body: { error_code: code, message },
  };
}

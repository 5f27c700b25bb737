import { DeploymentError } from '../domain/errors.ts';
import type { ErrorCode } from '../domain/errorTable.ts';
import { redact } from '../domain/redact.ts';
import { retryAfterSeconds } from './retryAfter.ts';

/** An answer of Databricks that is an error, with what the API said. */
export class DatabricksError extends DeploymentError {
  override readonly name = 'DatabricksError';
  readonly status: number;
  /** The API's `error_code`, upper case; empty when the answer had none. */
  readonly remoteCode: string;

  constructor(status: number, text: string, retryAfter: string | undefined, call: string) {
    const { code, message } = parseError(text);
    const [errorCode, retryable] = classify(status, code, message);
    super(errorCode, `${call}: ${status} ${code} ${message}`.trim(), retryable, {
      cause: `${code} ${message}`.trim(),
      retryAfterSeconds: retryAfterSeconds(retryAfter),
    });
    this.status = status;
    this.remoteCode = code;
  }

  /**
   * Several APIs answer 400 INVALID_PARAMETER_VALUE where 404 is meant (databricks-sdk-go, error_overrides.go); MLflow does
   * so for an experiment or a run that is deleted.
   */
  get isMissing(): boolean {
    return (
      (this.status === 404 && this.remoteCode !== '') ||
      (this.status === 400 && / does(?: not|n't) exist|Current state is deleted/i.test(this.message))
    );
  }

  get isExisting(): boolean {
    return (
      this.remoteCode === 'RESOURCE_ALREADY_EXISTS' ||
      this.remoteCode === 'ALREADY_EXISTS' ||
      (this.status === 400 && /already exists/i.test(this.message))
    );
  }
}

export const isMissing = (error: unknown): boolean => error instanceof DatabricksError && error.isMissing;
export const isExisting = (error: unknown): boolean =>
  error instanceof DatabricksError && (error.isExisting || error.status === 409);

/** The answer; undefined when what it is about is not there. */
export async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

// What a workspace says, with any status, while its workers start (databricks-sdk-go, apierr/errors.go).
const passingWords =
  /Unknown ?Worker ?Environment|does not have any associated worker environments|There is no worker environment with id|worker env .* not found|ClusterNotReadyException|Timed out after |deadline exceeded/i;

function classify(status: number, code: string, message: string): [code: ErrorCode, retryable: boolean] {
  if (status === 429) return ['DATABRICKS_THROTTLED', true];
  // A fresh workspace refuses members for a while; the retry policy bounds how long that is believed.
  if (status === 401 || status === 403 || code === 'PERMISSION_NOT_PROPAGATED') return ['DATABRICKS_DENIED', true];
  // A gateway's page, not the API's word: that one has a code.
  if (status === 404 && code === '') return ['ANSWER_INVALID', true];
  if (status === 501) return ['DATABRICKS_REJECTED', false];
  if (status >= 500 || status === 408 || status === 409 || code.endsWith('TEMPORARILY_UNAVAILABLE'))
    return ['DATABRICKS_UNAVAILABLE', true];
  if (passingWords.test(message)) return ['DATABRICKS_UNAVAILABLE', true];
  if (status < 400) return ['ANSWER_INVALID', true];
  return ['DATABRICKS_REJECTED', false];
}

/** Reads every error shape in use: REST (`error_code`), legacy (`error`), SCIM (`detail`), or a gateway's page. */
function parseError(text: string): { code: string; message: string } {
  try {
    const body = JSON.parse(text) as Record<string, unknown> | null;
    const { error_code: code, message, error, detail, scimType } = body ?? {};
    return { code: textOf(code ?? scimType).toUpperCase(), message: textOf(message ?? detail ?? error) };
  } catch {
    return {
      code: '',
      // Redacted before it is cut: half a key would no longer look like one.
      message: redact(text.replace(/<[^>]*>/g, ' '))
        .replace(/\s+/g, ' ')
        .trim()
        .slice(0, 200),
    };
  }
}

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

import type { ErrorCode, RetriedCode } from './errorTable.ts';
import { redact } from './redact.ts';

/** A failure as it crosses the durable boundary and reaches the caller: plain data, without secrets. */
export interface Failure {
  code: ErrorCode;
  message: string;
  /** Whether the same call can succeed later. */
  retryable: boolean;
  /** The wait that the remote side asked for. */
  retryAfterSeconds?: number;
  /** The remote side's own words. */
  cause?: string;
  /** The last lines of the failed notebook's trace. */
  trace?: string[];
  /** Where a person sees it. */
  link?: string;
}

interface FailureDetails {
  cause?: string | undefined;
  retryAfterSeconds?: number | undefined;
  trace?: string[] | undefined;
  link?: string | undefined;
}

// Durable takes 16 kB of UTF-16 as custom status, and a failure stands in it beside the steps and links.
const longest = { message: 600, cause: 1000, traceLines: 20, traceLine: 160 };

/** Thrown where a step fails in a way that the error table knows. `failure` is what the caller gets to see. */
export class DeploymentError extends Error {
  override readonly name: string = 'DeploymentError';
  readonly failure: Failure;

  constructor(code: ErrorCode, message: string, retryable: boolean, details: FailureDetails = {}) {
    // Redacted before it is cut: half a token would no longer look like one.
    const clean = plain(redact(message)).slice(0, longest.message);
    super(`${code}: ${clean}`);
    const { cause, retryAfterSeconds, trace, link } = details;
    this.failure = {
      code,
      message: clean,
      retryable,
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      ...(cause !== undefined && { cause: plain(redact(cause)).slice(0, longest.cause) }),
      ...(trace && { trace: redactedTail(trace) }),
      ...(link !== undefined && { link }),
    };
  }

  static of(failure: Failure): DeploymentError {
    return new DeploymentError(failure.code, failure.message, failure.retryable, failure);
  }
}

const terminalColour = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g');

/** Without terminal colours and control characters, which tracebacks carry and JSON blows up to six characters each. */
const plain = (text: string): string => text.replace(terminalColour, '').replace(/[^\P{Cc}\n\t]/gu, '');

/** The last lines; redacted as one text, because a private key goes over several. */
const redactedTail = (trace: string[]): string[] =>
  plain(redact(trace.join('\n')))
    .split('\n')
    .slice(-longest.traceLines)
    .map((line) => line.slice(0, longest.traceLine));

/** Stops the deployment: the same call cannot succeed. */
export class TerminalError extends DeploymentError {
  override readonly name = 'TerminalError';
  constructor(code: ErrorCode, message: string, details?: FailureDetails) {
    super(code, message, false, details);
  }
}

/** The same call may succeed later, within the limits of its step. */
export class RetryableError extends DeploymentError {
  override readonly name = 'RetryableError';
  constructor(code: RetriedCode, message: string, details?: FailureDetails) {
    super(code, message, true, details);
  }
}

/** The failure in whatever was thrown; what nobody classified counts as a crash and is retried. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof DeploymentError) return thrown.failure;
  return { code: 'STEP_CRASHED', message: firstLineOf(thrown), retryable: true };
}

function firstLineOf(thrown: unknown): string {
  try {
    const text = String(thrown instanceof Error ? thrown.message : thrown);
    return (redact(text).split('\n', 1)[0] ?? '').slice(0, 500);
  } catch {
    return 'Something was thrown that has no text.';
  }
}

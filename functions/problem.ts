import type { HttpResponseInit, InvocationContext } from '@azure/functions';
import { DeploymentError } from '../domain/errors.ts';
import { entryOf, type ErrorCode } from '../domain/errorTable.ts';
import { redact } from '../domain/redact.ts';
import type { RequestFault } from '../domain/request.ts';
import { guarded, type Role } from './caller.ts';
import { FaultyRequest } from './faultyRequest.ts';

interface ProblemDetails {
  faults?: RequestFault[];
  headers?: Record<string, string>;
  /** When to ask again; in the header and, for those who read only the body, there too. */
  retryAfterSeconds?: number | undefined;
  /** Where a person sees more; the error table's page when left out. */
  link?: string | undefined;
  /** Whether it is Azure's or Databricks' trouble that may pass by itself: 503, where the error table has no status. */
  passes?: boolean;
}

/** An error answer (RFC 9457): what is wrong, where, and what a person can do. Never a stack. */
export function problem(
  code: ErrorCode,
  detail: string,
  { faults, headers, link, passes = false, retryAfterSeconds: asked }: ProblemDetails = {},
): HttpResponseInit {
  const { title, hint, status = passes ? 503 : 500, link: page } = entryOf(code);
  const shown = link ?? page;
  // The header has whole seconds (RFC 9110, 10.2.3).
  const retryAfterSeconds = asked === undefined ? undefined : Math.ceil(asked);
  const retryAfter: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  return {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...retryAfter, ...headers },
    body: JSON.stringify({
      type: `urn:accelerator-deployer:${code}`,
      title,
      status,
      detail,
      code,
      hint,
      ...(shown && { link: shown }),
      ...(faults && { errors: faults }),
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    }),
  };
}

/**
 * The handler with whatever it throws turned into a problem; what nobody foresaw goes to the log and is not told. With a
 * role, only for callers who may do what it allows.
 */
export function withProblems<H extends (...args: Parameters<H>) => Promise<HttpResponseInit>>(
  handler: H,
  role?: Role,
): H {
  const allowed = role ? guarded(role, handler) : handler;
  const safe = async (...args: Parameters<H>): Promise<HttpResponseInit> => {
    try {
      return await allowed(...args);
    } catch (error) {
      if (error instanceof FaultyRequest) return problem(error.failure.code, error.failure.message, error);
      if (error instanceof DeploymentError) {
        const { code, message, link, retryable: passes, retryAfterSeconds } = error.failure;
        return problem(code, message, { link, passes, retryAfterSeconds });
      }
      const context = (args as unknown[]).at(-1) as InvocationContext;
      context.error(redact(error instanceof Error ? (error.stack ?? error.message) : String(error)));
      return problem('INTERNAL', `The invocation ${context.invocationId} failed.`);
    }
  };
  return safe as H;
}

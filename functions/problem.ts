import type { HttpResponseInit, InvocationContext } from '@azure/functions';
import { DeploymentError } from '../domain/errors.ts';
import { type ErrorCode, errorTable } from '../domain/errorTable.ts';
import { redact } from '../domain/redact.ts';
import type { RequestFault } from '../domain/request.ts';
import { NotAllowed } from './launch.ts';

interface ProblemDetails {
  faults?: RequestFault[];
  headers?: Record<string, string>;
}

/** An error answer (RFC 9457): what is wrong, where, and what a person can do. Never a stack. */
export function problem(code: ErrorCode, detail: string, { faults, headers }: ProblemDetails = {}): HttpResponseInit {
  const { title, hint, status = 500 }: { title: string; hint: string; status?: number } = errorTable[code];
  return {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify({
      type: `urn:accelerator-deployer:${code}`,
      title,
      status,
      detail,
      code,
      hint,
      ...(faults && { errors: faults }),
    }),
  };
}

/** The handler with whatever it throws turned into a problem; what nobody foresaw goes to the log and is not told. */
export function withProblems<H extends (...args: Parameters<H>) => Promise<HttpResponseInit>>(handler: H): H {
  const guarded = async (...args: Parameters<H>): Promise<HttpResponseInit> => {
    try {
      return await handler(...args);
    } catch (error) {
      if (error instanceof NotAllowed) return problem(error.failure.code, error.failure.message, error);
      if (error instanceof DeploymentError) return problem(error.failure.code, error.failure.message);
      const context = (args as unknown[]).at(-1) as InvocationContext;
      context.error(redact(error instanceof Error ? (error.stack ?? error.message) : String(error)));
      return problem('INTERNAL', `The invocation ${context.invocationId} failed.`);
    }
  };
  return guarded as H;
}

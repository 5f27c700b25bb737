import type { HttpResponseInit, InvocationContext } from '@azure/functions';
import { describe, expect, test } from 'vitest';
import { asActivity } from '../../activities/asActivity.ts';
import { RetryableError } from '../../domain/errors.ts';
import { probeStorage } from '../../domain/steps.ts';
import { withProblems } from '../../functions/problem.ts';

const canary = 'dapi0123456789abcdef0123456789abcdef';

const contextWith = (lines: unknown[]): InvocationContext => {
  const write = (...args: unknown[]): void => void lines.push(...args);
  return { invocationId: 'i1', log: write, warn: write, error: write } as unknown as InvocationContext;
};

const run = async (perform: () => Promise<{ ready: boolean }>): Promise<{ outcome: unknown; lines: unknown[] }> => {
  const lines: unknown[] = [];
  const outcome: unknown = await asActivity(probeStorage, perform)({}, contextWith(lines));
  return { outcome, lines };
};

describe('asActivity', () => {
  test('hands over the result and writes one line of JSON', async () => {
    const { outcome, lines } = await run(async () => ({ ready: true }));
    expect(outcome).toEqual({ value: { ready: true } });
    expect(lines.map((line) => JSON.parse(String(line)) as unknown)).toEqual([
      expect.objectContaining({ evt: 'step', step: 'probeStorage', outcome: 'done' }),
    ]);
  });

  test('hands over a classified failure as data and throws nothing', async () => {
    const failed = await run(async () => {
      throw new RetryableError('AZURE_THROTTLED', 'slow down', { retryAfterSeconds: 9 });
    });
    expect(failed.outcome).toEqual({
      failure: { code: 'AZURE_THROTTLED', message: 'slow down', retryable: true, retryAfterSeconds: 9 },
    });
    expect(failed.lines).toHaveLength(1);
  });

  test('shows a crash with its stack in the log and no secret anywhere', async () => {
    const crashed = await run(async () => {
      throw new TypeError(`cannot use ${canary}`);
    });
    expect(crashed.outcome).toMatchObject({ failure: { code: 'STEP_CRASHED', retryable: true } });
    expect(crashed.lines.join('\n')).toContain('asActivity.test.ts');
    expect(JSON.stringify(crashed)).not.toContain('0123456789abcdef');
  });
});

describe('withProblems', () => {
  test('answers 500 for what nobody foresaw, tells nothing of it and logs it without secrets', async () => {
    const lines: unknown[] = [];
    const handler = withProblems(async (request: unknown, _ctx: InvocationContext): Promise<HttpResponseInit> => {
      throw new Error(`refused ${canary} ${String(request)}`);
    });
    const answer = await handler('body', contextWith(lines));
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.body as string)).toMatchObject({
      code: 'INTERNAL',
      status: 500,
      hint: expect.any(String) as string,
    });
    expect(answer.body as string).not.toContain('refused');
    expect(lines.join('\n')).toContain('refused');
    expect(lines.join('\n')).not.toContain('0123456789abcdef');
  });

  test('asks for whole seconds, as the header has them, and answers 503 for what passes by itself', async () => {
    const handler = withProblems(async (_request: unknown, _ctx: InvocationContext): Promise<HttpResponseInit> => {
      throw new RetryableError('AZURE_THROTTLED', 'Azure asks to slow down.', { retryAfterSeconds: 16.2 });
    });
    const answer = await handler('body', contextWith([]));
    expect([answer.status, answer.headers]).toEqual([503, expect.objectContaining({ 'retry-after': '17' })]);
    expect(JSON.parse(answer.body as string)).toMatchObject({ status: 503, retryAfterSeconds: 17 });
  });
});

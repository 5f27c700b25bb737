import { expect, test } from 'vitest';
import { settled } from '../../activities/readings.ts';
import { RetryableError, TerminalError } from '../../domain/errors.ts';

const failed = (retryAfterSeconds?: number): Promise<never> =>
  Promise.reject(new RetryableError('AZURE_UNAVAILABLE', 'Not now.', { retryAfterSeconds }));

test('of calls that fail together the longest wait that was asked for counts', async () => {
  await expect(settled([failed(), failed(12), failed(3)])).rejects.toMatchObject({
    failure: { retryAfterSeconds: 12 },
  });
});

test('of calls that fail together one that would fail again counts', async () => {
  const terminal = Promise.reject(new TerminalError('AZURE_REJECTED', 'Never.'));
  await expect(settled([failed(12), terminal])).rejects.toMatchObject({ failure: { code: 'AZURE_REJECTED' } });
});

import type { DurableClient } from 'durable-functions';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CallerStart } from '../../domain/steps.ts';
import { toFailure } from '../../domain/errors.ts';
import { refuseTooMany, startsWith } from '../../functions/quota.ts';
import { allActive } from '../../functions/activeDeployments.ts';
import { stubSettings } from '../support/usualSettings.ts';

const nowMs = Date.parse('2026-11-27T12:00:00Z');
const minutesAgo = (minutes: number): string => new Date(nowMs - minutes * 60_000).toISOString();

interface Known {
  name: string;
  runtimeStatus: string;
  createdTime: Date;
  input: unknown;
}

let known: Known[] = [];
/** The durable client's query, as the backend answers it. */
const client = {
  async getStatusBy({ runtimeStatus, createdTimeFrom }: { runtimeStatus?: string[]; createdTimeFrom?: Date }) {
    return known.filter(
      (one) =>
        (!runtimeStatus || runtimeStatus.includes(one.runtimeStatus)) &&
        (!createdTimeFrom || one.createdTime >= createdTimeFrom),
    );
  },
} as unknown as DurableClient;

const ended = (...starts: CallerStart[]): Known => ({
  name: 'deploy',
  runtimeStatus: 'Completed',
  createdTime: new Date(starts.at(-1)?.at ?? nowMs),
  input: { deployment: {}, starts },
});
const startOf = (caller: string, minutes: number): CallerStart => ({ caller, at: minutesAgo(minutes) });
const running = (): Known => ({ ...ended(), runtimeStatus: 'Running' });

const refusalOf = async (key: string): Promise<object | undefined> =>
  refuseTooMany(client, { key }, await allActive(client), nowMs).then(
    () => undefined,
    (error: unknown) => toFailure(error),
  );

// The settings are read at the first request.
beforeAll(() => {
  stubSettings({ MAX_ACTIVE_DEPLOYMENTS: '2', MAX_STARTS_PER_HOUR: '3' });
});
beforeEach(() => {
  known = [];
});

describe('refuseTooMany', () => {
  test('lets a caller start as often as the settings allow', async () => {
    known = [ended(startOf('ann', 50)), ended(startOf('ann', 40))];
    expect(await refusalOf('ann')).toBeUndefined();
  });

  test('refuses one start more, until the oldest one is an hour ago', async () => {
    known = [ended(startOf('ann', 10)), ended(startOf('ann', 50.5)), ended(startOf('ann', 30))];
    expect(await refusalOf('ann')).toMatchObject({ code: 'TOO_MANY_STARTS', retryAfterSeconds: 9.5 * 60 });
  });

  test('counts the earlier attempts of a deployment', async () => {
    known = [ended(startOf('ann', 59), startOf('ann', 30), startOf('ann', 1))];
    expect(await refusalOf('ann')).toMatchObject({ code: 'TOO_MANY_STARTS', retryAfterSeconds: 60 });
  });

  test('waits for as many to leave the hour as are too many', async () => {
    known = [ended(startOf('ann', 59), startOf('ann', 58), startOf('ann', 57), startOf('ann', 1))];
    expect(await refusalOf('ann')).toMatchObject({ retryAfterSeconds: 120 });
  });

  test('counts each caller apart, and no start of more than an hour ago', async () => {
    known = [
      ended(startOf('ann', 61), startOf('ann', 5)),
      ended(startOf('bob', 4), startOf('ann', 3), startOf('key', 2)),
    ];
    expect(await refusalOf('ann')).toBeUndefined();
    expect(await refusalOf('bob')).toBeUndefined();
  });

  test('refuses whoever it is while as many deployments run as the settings allow', async () => {
    known = [running(), running()];
    expect(await refusalOf('ann')).toMatchObject({ code: 'TOO_MANY_DEPLOYMENTS', retryAfterSeconds: 60 });
  });

  test('counts deployments alone, of this version or an earlier one', async () => {
    const child = { ...running(), name: 'watchRun', input: { starts: [startOf('ann', 1)] } };
    const earlier = { ...ended(), input: { deployment: {} } };
    known = [child, child, child, running(), earlier, { ...running(), input: null }];
    expect(await refusalOf('ann')).toBeUndefined();
  });
});

describe('startsWith', () => {
  test('is this start, and those of the last hour', () => {
    const starts = [startOf('ann', 90), startOf('bob', 30)];
    expect(startsWith({ starts }, { key: 'ann' }, nowMs)).toEqual([startOf('bob', 30), startOf('ann', 0)]);
    expect(startsWith(undefined, { key: 'ann' }, nowMs)).toEqual([startOf('ann', 0)]);
    expect(startsWith({}, { key: 'ann' }, nowMs)).toEqual([startOf('ann', 0)]);
  });
});

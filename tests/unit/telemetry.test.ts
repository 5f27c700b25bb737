import { expect, test } from 'vitest';
import { type ReportInput, telemetryEvents } from '../../domain/telemetry.ts';

const report: ReportInput = {
  deployment: 'a1b2c3d4e5f6a1b2c3d4e5f6',
  attempt: 2,
  accelerator: 'predicting-implied-volatility',
  operation: 'deploy',
  outcome: 'failed',
  code: 'NOTEBOOK_FAILED',
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:10:00.000Z',
  steps: [
    { name: 'identity', state: 'kept', tries: 0, waitedSeconds: 0 },
    {
      name: 'workspace',
      state: 'done',
      tries: 3,
      startedAt: '2026-01-01T00:00:01.000Z',
      endedAt: '2026-01-01T00:04:01.500Z',
      waitedSeconds: 230.5,
    },
    {
      name: 'notebooks',
      state: 'failed',
      tries: 1,
      startedAt: '2026-01-01T00:05:00.000Z',
      endedAt: '2026-01-01T00:09:00.000Z',
      waitedSeconds: 200.1,
      code: 'NOTEBOOK_FAILED',
    },
    { name: 'storage', state: 'waiting', tries: 1, startedAt: '2026-01-01T00:09:00.000Z', waitedSeconds: 10 },
    { name: 'warehouse', state: 'pending', tries: 0, waitedSeconds: 0 },
  ],
};

test('there is one event per step that was begun or kept, and one for the deployment', () => {
  const told = telemetryEvents(report).map(({ name, properties }) => [name, properties['step'], properties['outcome']]);
  expect(told).toEqual([
    ['step.finished', 'identity', 'kept'],
    ['step.finished', 'workspace', 'succeeded'],
    ['step.finished', 'notebooks', 'failed'],
    ['step.finished', 'storage', 'unfinished'],
    ['deployment.finished', undefined, 'failed'],
  ]);
});

test('an event has duration, waits, tries and, of what failed, the code', () => {
  const [kept, workspace, notebooks, storage, deployment] = telemetryEvents(report);
  expect(kept?.measurements).toEqual({ durationMs: 0, waitedSeconds: 0, tries: 0 });
  expect(workspace?.measurements).toEqual({ durationMs: 240_500, waitedSeconds: 230.5, tries: 3 });
  expect(workspace?.properties).not.toHaveProperty('code');
  expect(notebooks?.properties).toMatchObject({ code: 'NOTEBOOK_FAILED' });
  expect(storage?.measurements['durationMs']).toBe(60_000);
  expect(deployment).toMatchObject({
    properties: { code: 'NOTEBOOK_FAILED', operation: 'deploy', attempt: '2' },
    measurements: { durationMs: 600_000, waitedSeconds: 440.6, tries: 5 },
  });
});

test('every event names the deployment and has an id of its own, the same each time it is made', () => {
  const events = telemetryEvents(report);
  expect(new Set(events.map(({ properties }) => properties['deployment']))).toEqual(new Set([report.deployment]));
  const ids = events.map(({ properties }) => properties['eventId']);
  expect(new Set(ids).size).toBe(events.length);
  expect(telemetryEvents(report).map(({ properties }) => properties['eventId'])).toEqual(ids);
  const later = telemetryEvents({ ...report, startedAt: '2026-02-01T00:00:00.000Z' });
  expect(later.filter(({ properties }) => ids.includes(properties['eventId']))).toEqual([]);
});

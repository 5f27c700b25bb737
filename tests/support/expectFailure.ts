import { expect } from 'vitest';
import { errorTable } from '../../domain/errorTable.ts';
import type { FailureView, StatusResource, StepName } from '../../domain/status.ts';

/** The failure, after a look at what every failure must have. */
export function expectFailure(ended: StatusResource, code: keyof typeof errorTable, step: StepName): FailureView {
  expect(ended.failure).toMatchObject({ code, step, title: errorTable[code].title, hint: errorTable[code].hint });
  expect(ended.runtimeStatus).toBe('Failed');
  const { failure } = ended;
  expect(failure?.message).toMatch(/\S{3}/);
  expect(ended.steps.filter(({ state }) => state === 'failed').map(({ name }) => name)).toEqual([step]);
  expect(ended.steps.filter(({ state }) => state === 'running' || state === 'waiting')).toEqual([]);
  if (!failure) throw new Error('no failure');
  return failure;
}

/** Seconds that a step of a deployment that has ended took. */
export const secondsOf = (ended: StatusResource, step: StepName): number => {
  const { startedAt = '', endedAt = '' } = ended.steps.find(({ name }) => name === step) ?? {};
  return (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
};

import { describe, expect, test } from 'vitest';
import { isOver } from '../../domain/runs.ts';
import { runStateOf } from '../../domain/runState.ts';

const terminated = (code: string, type = 'CLIENT_ERROR'): object => ({
  status: { state: 'TERMINATED', termination_details: { code, type } },
});

describe('a state told by `status`', () => {
  test.each([
    ['BLOCKED', 'waiting'],
    ['PENDING', 'waiting'],
    ['QUEUED', 'waiting'],
    ['WAITING', 'waiting'],
    ['RUNNING', 'running'],
    ['TERMINATING', 'running'],
    ['SOMETHING_NEW', 'waiting'],
  ])('%s is %s, whatever the deprecated state says', (state, expected) => {
    const seen = runStateOf({ status: { state }, state: { life_cycle_state: 'TERMINATED', result_state: 'SUCCESS' } });
    expect(seen).toEqual({ state: expected });
    expect(isOver(seen.state)).toBe(false);
  });

  // Every code of the Jobs API 2.2, and one that does not exist yet.
  test.each([
    ['SUCCESS', 'succeeded'],
    ['SUCCESS_WITH_FAILURES', 'succeeded'],
    ['USER_CANCELED', 'canceled'],
    ['CANCELED', 'timedOut'],
    ['SKIPPED', 'skipped'],
    ['DISABLED', 'skipped'],
    ['MAX_CONCURRENT_RUNS_EXCEEDED', 'skipped'],
    ['INTERNAL_ERROR', 'failed'],
    ['DRIVER_ERROR', 'failed'],
    ['CLUSTER_ERROR', 'failed'],
    ['REPOSITORY_CHECKOUT_FAILED', 'failed'],
    ['INVALID_CLUSTER_REQUEST', 'failed'],
    ['WORKSPACE_RUN_LIMIT_EXCEEDED', 'failed'],
    ['FEATURE_DISABLED', 'failed'],
    ['CLUSTER_REQUEST_LIMIT_EXCEEDED', 'failed'],
    ['STORAGE_ACCESS_ERROR', 'failed'],
    ['RUN_EXECUTION_ERROR', 'failed'],
    ['UNAUTHORIZED_ERROR', 'failed'],
    ['LIBRARY_INSTALLATION_ERROR', 'failed'],
    ['MAX_SPARK_CONTEXTS_EXCEEDED', 'failed'],
    ['RESOURCE_NOT_FOUND', 'failed'],
    ['INVALID_RUN_CONFIGURATION', 'failed'],
    ['CLOUD_FAILURE', 'failed'],
    ['MAX_JOB_QUEUE_SIZE_EXCEEDED', 'failed'],
    ['BREAKING_CHANGE', 'failed'],
    ['BUDGET_POLICY_LIMIT_EXCEEDED', 'failed'],
    ['SOMETHING_NEW', 'failed'],
  ])('ended by %s is %s', (code, expected) => {
    const { state } = runStateOf(terminated(code));
    expect(state).toBe(expected);
    expect(isOver(state)).toBe(true);
  });

  test('ended by CANCELED is a cancellation where the deprecated result says so', () => {
    const ended = terminated('CANCELED');
    const withResult = (result_state: string): object => ({ ...ended, state: { result_state } });
    expect(runStateOf(withResult('CANCELED')).state).toBe('canceled');
    expect(runStateOf(withResult('TIMEDOUT')).state).toBe('timedOut');
  });

  test('that ended without a code is told by the deprecated result', () => {
    expect(runStateOf({ status: { state: 'TERMINATED' }, state: { result_state: 'SUCCESS' } }).state).toBe('succeeded');
    expect(runStateOf({ status: { state: 'TERMINATED' } }).state).toBe('failed');
  });
});

describe('a state told by the deprecated `state`', () => {
  test.each([
    ['PENDING', 'waiting'],
    ['QUEUED', 'waiting'],
    ['BLOCKED', 'waiting'],
    ['WAITING_FOR_RETRY', 'waiting'],
    ['RUNNING', 'running'],
    ['TERMINATING', 'running'],
    ['SOMETHING_NEW', 'waiting'],
    ['', 'waiting'],
    ['SKIPPED', 'skipped'],
    ['TERMINATED', 'failed'],
    ['INTERNAL_ERROR', 'failed'],
  ])('%j without a result is %s', (life_cycle_state, expected) => {
    expect(runStateOf({ state: { life_cycle_state } }).state).toBe(expected);
  });

  describe.each(['TERMINATED', 'INTERNAL_ERROR'])('%s', (life_cycle_state) => {
    test.each([
      ['SUCCESS', 'succeeded'],
      ['SUCCESS_WITH_FAILURES', 'succeeded'],
      // A run of which a task failed: INTERNAL_ERROR with FAILED.
      ['FAILED', 'failed'],
      ['TIMEDOUT', 'timedOut'],
      ['CANCELED', 'canceled'],
      ['MAXIMUM_CONCURRENT_RUNS_REACHED', 'skipped'],
      ['EXCLUDED', 'skipped'],
      ['UPSTREAM_FAILED', 'skipped'],
      ['UPSTREAM_CANCELED', 'skipped'],
      ['DISABLED', 'skipped'],
      ['SOMETHING_NEW', 'failed'],
    ])('with %s is %s', (result_state, expected) => {
      expect(runStateOf({ state: { life_cycle_state, result_state } }).state).toBe(expected);
    });
  });
});

describe('what a run says of itself', () => {
  test('nothing at all is a run that has not begun', () => {
    expect(runStateOf({})).toEqual({ state: 'waiting' });
  });

  test.each([
    ['the new words first', { message: 'new' }, 'old', 'new'],
    ['the old ones where the new are missing', {}, 'old', 'old'],
    ['the old ones where the new are empty', { message: '' }, 'old', 'old'],
    ['none where there are none', { message: '' }, '', undefined],
  ])('gives %s', (_what, termination_details, state_message, expected) => {
    const seen = runStateOf({ status: { state: 'TERMINATED', termination_details }, state: { state_message } });
    expect(seen.message).toBe(expected);
  });

  test.each([
    ['RUN_EXECUTION_ERROR', 'CLIENT_ERROR', undefined],
    ['SUCCESS', 'SUCCESS', undefined],
    ['USER_CANCELED', 'CLIENT_ERROR', undefined],
    ['INVALID_CLUSTER_REQUEST', 'CLIENT_ERROR', 'CLUSTER_REFUSED'],
    ['INTERNAL_ERROR', 'INTERNAL_ERROR', 'RUN_FAILED'],
    ['', '', undefined],
  ])('%s of type %s is of the platform as %s', (code, type, expected) => {
    expect(runStateOf(terminated(code, type)).platform?.code).toBe(expected);
  });

  test('tells a cluster\u2019s failure by its text where only the deprecated state is given', () => {
    const state_message = 'Unexpected failure while waiting for the cluster (1102-1) to be ready.';
    const seen = runStateOf({ state: { life_cycle_state: 'INTERNAL_ERROR', result_state: 'FAILED', state_message } });
    expect(seen).toMatchObject({ state: 'failed', platform: { code: 'CLUSTER_UNAVAILABLE' } });
  });
});

import { RestError } from '@azure/core-rest-pipeline';
import { expect, test, vi } from 'vitest';
import { readWorkspace } from '../../activities/readWorkspace.ts';
import type { Arm } from '../../clients/arm.ts';
import { armFailure } from '../../clients/armFailure.ts';
import { toFailure } from '../../domain/errors.ts';
import type { Deployment, WorkspaceState } from '../../domain/steps.ts';
import { stubSettings } from '../support/usualSettings.ts';

const answer = vi.hoisted(() => ({ get: (): unknown => undefined }));

// The connection is left out, not what is made of its answers.
vi.mock('../../clients/arm.ts', () => ({
  async callArm(call: (arm: Arm, options: object) => Promise<unknown>, expected = (_error: unknown) => false) {
    try {
      return await call({ databricks: { workspaces: { get: async () => answer.get() } } } as unknown as Arm, {});
    } catch (error) {
      if (expected(error)) return undefined;
      throw armFailure(error);
    }
  },
}));

// It looks at the addresses that are allowed.
stubSettings();

const input = {
  request: { resourceGroup: 'rg', workspaceName: 'ws' },
  workspace: { resourceId: '/x', state: 'creating', created: true },
} as Deployment & { workspace: WorkspaceState };

const failureWith = async (error: Error): Promise<unknown> => {
  answer.get = () => {
    throw error;
  };
  return readWorkspace(input).then(() => 'no failure', toFailure);
};

test('readWorkspace looks again when a region does not know the new workspace yet', async () => {
  const missing = new RestError('not found', { statusCode: 404, code: 'ResourceNotFound' });
  expect(await failureWith(missing)).toMatchObject({ code: 'NOT_SHOWN_YET', retryable: true });
});

test('readWorkspace gives up when the resource group is gone', async () => {
  const gone = new RestError('no group', { statusCode: 404, code: 'ResourceGroupNotFound' });
  expect(await failureWith(gone)).toMatchObject({ code: 'AZURE_REJECTED', retryable: false });
});

test.each([
  ['Succeeded', 'ready'],
  ['Accepted', 'creating'],
  ['Running', 'creating'],
  ['Creating', 'creating'],
  ['Created', 'creating'],
  ['Ready', 'creating'],
  ['Updating', 'creating'],
  ['SomethingNew', 'creating'],
])('readWorkspace takes %s for %s', async (provisioningState, state) => {
  answer.get = () => ({ id: '/x', provisioningState, workspaceUrl: 'adb-1.2.azuredatabricks.net' });
  expect(await readWorkspace(input)).toMatchObject({ state });
});

test.each(['Failed', 'Canceled', 'Deleting', 'Deleted'])('readWorkspace ends at %s', async (provisioningState) => {
  answer.get = () => ({ id: '/x', provisioningState });
  const failure = await readWorkspace(input).then(() => 'no failure', toFailure);
  expect(failure).toMatchObject({ code: 'WORKSPACE_FAILED', retryable: false });
});

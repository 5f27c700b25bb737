import type { OrchestrationContext, Task } from 'durable-functions';
import { DeploymentError, type Failure, TerminalError } from '../domain/errors.ts';
import { attemptMark } from '../domain/ids.ts';
import { nextPollSeconds } from '../domain/polling.ts';
import type { DeclaredResults, Verified } from '../domain/results.ts';
import * as steps from '../domain/steps.ts';
import type { Progress } from './progress.ts';
import { nowMs, runStep, sleep } from './runStep.ts';

type Steps<T> = Generator<Task, T, unknown>;

/** Proves the results of the notebooks through a SQL warehouse; one that somebody deletes meanwhile is made anew once. */
export function* proveResults(
  ctx: OrchestrationContext,
  progress: Progress,
  input: steps.DeployInput,
  workspace: steps.Workspace,
  results: DeclaredResults,
): Steps<Verified> {
  for (let lost = 0; ; lost++) {
    try {
      const { warehouse, endpoint } = yield* runningWarehouse(ctx, progress, input, workspace);
      const { deployment } = input;
      const owner = { deployment: deployment.id, attempt: attemptMark(deployment) };
      const verification = progress.begin('verification');
      const verify: steps.VerifyInput = { workspace, warehouse, endpoint, owner, results };
      const verified = yield* runStep(ctx, steps.verifyResults, verify, verification);
      progress.link(linksTo(verified));
      verification.done();
      return verified;
    } catch (error) {
      const isLost = error instanceof DeploymentError && error.failure.code === 'WAREHOUSE_LOST';
      if (!isLost || lost > 0) throw error;
      progress.reset('verification');
    }
  }
}

/** The deployment's own warehouse, started and waited for. */
function* runningWarehouse(
  ctx: OrchestrationContext,
  progress: Progress,
  { deployment, polling }: steps.DeployInput,
  workspace: steps.Workspace,
): Steps<{ warehouse: steps.Warehouse; endpoint: steps.SqlEndpoint }> {
  const observer = progress.begin('warehouse');
  const startedMs = nowMs(ctx);
  const warehouse = yield* runStep(ctx, steps.ensureWarehouse, { ...deployment, workspace }, observer);
  progress.link({ warehouse: warehouse.url });
  const look = { workspace, warehouse };
  let seen = yield* runStep(ctx, steps.startWarehouse, look, observer);
  let failure: Failure | undefined;
  while (seen.state !== 'running') {
    const elapsedSeconds = (nowMs(ctx) - startedMs) / 1000;
    if (elapsedSeconds >= steps.limits.warehouseSeconds) {
      if (failure) throw DeploymentError.of({ ...failure, retryable: false });
      throw new TerminalError(
        'WAREHOUSE_TIMEOUT',
        `The SQL warehouse did not run within ${steps.limits.warehouseSeconds / 60} minutes.`,
        { link: warehouse.url },
      );
    }
    observer.waiting();
    yield* sleep(ctx, nextPollSeconds(polling, 'warehouse', elapsedSeconds, ctx.df.instanceId), observer);
    seen = yield* runStep(ctx, steps.readWarehouse, look, observer);
    // Its start may fail, and somebody may stop it while it starts.
    if (seen.state === 'stopped') {
      failure = seen.failure;
      if (failure) observer.retrying(failure);
      seen = yield* runStep(ctx, steps.startWarehouse, look, observer);
    }
  }
  observer.done();
  return { warehouse, endpoint: seen.endpoint };
}

const linksTo = ({ tables, mlflowRun, model }: Verified) => ({
  tables: Object.fromEntries(tables.map(({ role, url }) => [role, url])),
  mlflowRun: mlflowRun.url,
  model: model.url,
});

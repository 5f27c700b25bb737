import type { Task } from 'durable-functions';
import { DeploymentError, type Failure, TerminalError } from '../domain/errors.ts';
import { limitsOf } from '../domain/limits.ts';
import { nextPollSeconds } from '../domain/polling.ts';
import type { DeclaredResults, Verified } from '../domain/results.ts';
import * as steps from '../domain/steps.ts';
import type { Progress } from './progress.ts';
import type { Flow } from './flow.ts';
import { runStep, sleep } from './runStep.ts';

type Steps<T> = Generator<Task, T, unknown>;

/** Proves the results of the notebooks through a SQL warehouse; one that somebody deletes meanwhile is made anew once. */
export function* proveResults(
  flow: Flow,
  progress: Progress,
  input: steps.DeployInput,
  workspace: steps.Workspace,
  results: DeclaredResults,
  /** By what the results know the attempt whose notebooks made them. */
  mark: string,
): Steps<Verified> {
  for (let lost = 0; ; lost++) {
    try {
      const { warehouse, endpoint } = yield* runningWarehouse(flow, progress, input, workspace);
      const owner = { deployment: input.deployment.id, attempt: mark };
      const verification = progress.begin('verification');
      const verify: steps.VerifyInput = { workspace, warehouse, endpoint, owner, results };
      const verified = yield* runStep(flow, steps.verifyResults, verify, verification);
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
  whole: Flow,
  progress: Progress,
  { deployment, polling, limits }: steps.DeployInput,
  workspace: steps.Workspace,
): Steps<{ warehouse: steps.Warehouse; endpoint: steps.SqlEndpoint }> {
  const observer = progress.begin('warehouse');
  const startedMs = whole.nowMs;
  let link: string | undefined;
  const { warehouseSeconds } = limitsOf(limits);
  const flow = whole.within(
    startedMs + warehouseSeconds * 1000,
    () =>
      new TerminalError('WAREHOUSE_TIMEOUT', `The SQL warehouse did not run within ${warehouseSeconds / 60} minutes.`, {
        link,
      }),
  );
  const warehouse = yield* runStep(flow, steps.ensureWarehouse, { ...deployment, workspace }, observer);
  link = warehouse.url;
  progress.link({ warehouse: link });
  const look = { workspace, warehouse };
  let seen = yield* runStep(flow, steps.startWarehouse, look, observer);
  let failure: Failure | undefined;
  while (seen.state !== 'running') {
    const elapsedSeconds = (flow.nowMs - startedMs) / 1000;
    if (failure && elapsedSeconds >= warehouseSeconds) throw DeploymentError.of({ ...failure, retryable: false });
    observer.waiting();
    yield* sleep(flow, nextPollSeconds(polling, 'warehouse', elapsedSeconds, flow.ctx.df.instanceId), observer);
    seen = yield* runStep(flow, steps.readWarehouse, look, observer);
    // Its start may fail, and somebody may stop it while it starts.
    if (seen.state === 'stopped') {
      failure = seen.failure;
      if (failure) observer.retrying(failure);
      seen = yield* runStep(flow, steps.startWarehouse, look, observer);
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

import * as v from 'valibot';
import { databricks, id } from '../clients/databricks.ts';
import { DatabricksError, isMissing } from '../clients/databricksFailure.ts';
import { idForJson } from '../clients/json.ts';
import { TerminalError } from '../domain/errors.ts';
import { isOver } from '../domain/runs.ts';
import { runStateOf } from '../domain/runState.ts';
import type { Workspace } from '../domain/steps.ts';
import { readRunPages, repairsOf } from './readRunPages.ts';

/**
 * Repairs a run once: what failed, and what depends on it, runs again. `repairs` is how many there were when this was
 * decided: a run that has more, or that goes on, was repaired by somebody, which may have been us with a lost reply.
 * Gives the number of repairs that the run has now.
 */
export async function repairRun({
  workspace,
  runId,
  repairs,
}: {
  workspace: Workspace;
  runId: string;
  repairs: number;
}): Promise<{ repairs: number }> {
  const api = databricks(workspace);
  const before = await look();
  if (before.isRepaired) return { repairs: before.repairs };
  try {
    await api.post(
      '/api/2.2/jobs/runs/repair',
      {
        run_id: idForJson(runId),
        rerun_all_failed_tasks: true,
        rerun_dependent_tasks: true,
        ...(before.latest !== undefined && { latest_repair_id: idForJson(before.latest) }),
      },
      v.object({ repair_id: id }),
    );
    return { repairs: before.repairs + 1 };
  } catch (error) {
    if (!(error instanceof DatabricksError) || error.status !== 400) throw error;
    // Databricks takes no repair of a run that goes on, nor one that does not name the latest: somebody may have been first.
    const after = await look();
    if (after.isRepaired) return { repairs: after.repairs };
    throw error;
  }

  async function look(): Promise<{ isRepaired: boolean; repairs: number; latest?: string | undefined }> {
    const seen = await readRunPages(api, runId).catch((error: unknown) => {
      throw isMissing(error) ? new TerminalError('RUN_LOST', `The run ${runId} is not there any more.`) : error;
    });
    const made = repairsOf(seen);
    const isRepaired = made.length > repairs || !isOver(runStateOf(seen).state);
    return { isRepaired, repairs: made.length, latest: made.at(-1)?.id };
  }
}

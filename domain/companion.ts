import { failureOfRun } from './runs.ts';
import type { RunView } from './steps.ts';

/**
 * The run that decides when a RUNME of the companion library is over: its child's. Undefined when RUNME itself does: no
 * child is known, a person has ended RUNME, or it failed by itself after its child had succeeded. A RUNME that ended
 * otherwise, lost or passed its time limit, has only stopped waiting.
 */
export function childThatDecides(runme: RunView, child: RunView | undefined): string | undefined {
  if (runme.state === 'canceled') return undefined;
  const named = childNamedBy(runme);
  if (child === undefined || (named !== undefined && named !== child.runId)) return named;
  return failedAfter(runme, child) ? undefined : child.runId;
}

/** The library's only word about its child: "Job Run failed: please investigate the job run … at #job/{job_id}/run/{run_id}". */
const childNamedBy = ({ problem }: RunView): string | undefined =>
  /#job\/\d+\/run\/(\d{1,19})\b/.exec(problem?.error ?? '')?.[1];

function failedAfter(runme: RunView, child: RunView): boolean {
  const failed = runme.state === 'failed' && failureOfRun(runme, 'RUNME').code === 'NOTEBOOK_FAILED';
  // Both are written by toISOString, so that the later time is the greater text.
  return failed && child.state === 'succeeded' && (child.endedAt ?? '') <= (runme.endedAt ?? '');
}

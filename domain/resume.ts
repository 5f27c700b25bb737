import type { ErrorCode } from './errorTable.ts';
import { attemptMark } from './ids.ts';
import type { DeployStatus, StepName, WatchResult } from './status.ts';
import type { DeployInput, Kept, Known } from './steps.ts';

/** Failures after which nothing that was known can be relied on. */
const nothingLeft = new Set<ErrorCode>(['WORKSPACE_FAILED', 'WORKSPACE_GONE']);

/** Failures of the proof that only another run of the notebooks mends. */
const resultsAreWrong = new Set<ErrorCode>([
  'RESULTS_UNDECLARED',
  'RESULTS_MISSING',
  'RESULTS_EMPTY',
  'RESULTS_STALE',
  'RESULTS_INVALID',
]);

/**
 * What the next attempt takes over from one that is over, and where it goes on: at the step that ended it, or before that
 * where the step alone could not end otherwise. A repository is always brought up to date before notebooks run again.
 * `watched`: what the notebooks ended with, when they did.
 */
export function keptFrom(status: DeployStatus | null, input: DeployInput, watched: WatchResult | undefined): Kept {
  const { identity, workspace, repository, job }: Known = status?.known ?? {};
  const from = resumeStep(status);
  if (from === 'identity' || !identity || !workspace) return { from: 'identity' };
  const azure = { identity, workspace };
  if (from !== 'warehouse' || !repository || !job || !watched)
    return { from: from === 'warehouse' ? 'repository' : from, ...azure };
  const { runs, result } = watched;
  const runme = runs.find(({ role }) => role === 'RUNME');
  if (!runme) return { from: 'repository', ...azure };
  const mark = input.kept?.notebooks?.mark ?? attemptMark(input.deployment);
  const notebooks = { mark, runme: { runId: runme.runId, url: runme.url }, runs, result };
  return { from, ...azure, repository, job, notebooks };
}

function resumeStep(status: DeployStatus | null): StepName {
  const failure = status?.failure;
  // A deployment without a failure has succeeded, or was terminated from outside.
  const at = failure?.step ?? status?.phase ?? 'identity';
  if (failure && nothingLeft.has(failure.code)) return 'identity';
  if (failure && resultsAreWrong.has(failure.code)) return 'repository';
  const done = status?.steps.every(({ state }) => state === 'done' || state === 'kept');
  if (done || at === 'repository' || at === 'job' || at === 'run' || at === 'notebooks') return 'repository';
  if (at === 'warehouse' || at === 'verification') return 'warehouse';
  return at === 'storage' || at === 'principal' || at === 'compute' ? 'storage' : 'identity';
}

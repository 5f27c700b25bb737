import type { Workspace } from '../workspace.ts';
import type { ClusterReason } from './endings.ts';
import { type Run, type TaskRun, isOver } from './run.ts';

/** What may befall a run while one of its tasks runs. */
interface TaskTroubles {
  cancel(): void;
  cancelAndDelete(): void;
  evict(reason: ClusterReason): void;
}

/** Lets happen what the scenarios have for a task that has just started. */
export function armTaskTroubles(workspace: Workspace, run: Run, attempt: TaskRun, troubles: TaskTroubles): void {
  const subject = { jobName: run.settings.name, taskKey: attempt.taskKey };
  const arm = (kind: 'personCancels' | 'personDeletes' | 'spotLost', act: (reason: ClusterReason) => void): void => {
    const scenario = workspace.scenarios.take(kind, subject);
    if (!scenario) return;
    const dueMs = (attempt.runningMs ?? attempt.startMs) + scenario.afterSeconds * 1000;
    workspace.at(dueMs, () => attempt.lifeCycle === 'RUNNING' && act(scenario));
  };
  arm('personCancels', () => troubles.cancel());
  arm('personDeletes', () => troubles.cancelAndDelete());
  arm('spotLost', (reason) => troubles.evict(reason));
}

/** Lets a person repair a run that has just failed, if a scenario says so and nobody else has by then. */
export function armRepairByPerson(workspace: Workspace, run: Run, repair: () => void): void {
  const { endMs = 0, ending } = run;
  if (ending?.result !== 'FAILED') return;
  const person = workspace.scenarios.take('personRepairs', { jobName: run.settings.name });
  if (!person) return;
  workspace.at(endMs + person.afterSeconds * 1000, () => {
    if (isOver(run) && run.endMs === endMs) repair();
  });
}

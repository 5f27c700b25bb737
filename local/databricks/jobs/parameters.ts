import type { Workspace } from '../workspace.ts';
import type { TaskSettings } from './jobSettings.ts';
import type { Run, TaskRun } from './run.ts';

/** What a notebook's widgets get: base parameters, then the run's notebook or job parameters, with `{{references}}` filled in. */
export function taskParameters(
  run: Run,
  task: TaskSettings,
  attempt: TaskRun,
  workspace: Workspace,
): Record<string, string> {
  const defaults = Object.fromEntries((run.settings.parameters ?? []).map(({ name, default: value }) => [name, value]));
  const jobParameters = { ...defaults, ...run.jobParameters };
  const references: Record<string, string> = {
    'job.id': run.jobId,
    'job.name': run.settings.name,
    'job.run_id': run.runId,
    'task.name': task.task_key,
    'task.run_id': attempt.runId,
    'task.execution_count': String(attempt.attempt + 1),
    'workspace.id': workspace.record.workspaceId,
    'workspace.url': `https://${workspace.host()}`,
    // The older names of the same things.
    job_id: run.jobId,
    run_id: attempt.runId,
    parent_run_id: run.runId,
    task_key: task.task_key,
    task_retry_count: String(attempt.attempt),
    ...Object.fromEntries(Object.entries(jobParameters).map(([name, value]) => [`job.parameters.${name}`, value])),
  };
  const fill = (text: string): string =>
    text.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (whole, name: string) => references[name] ?? whole);
  const merged = { ...task.notebook_task.base_parameters, ...run.notebookParameters, ...jobParameters };
  return Object.fromEntries(Object.entries(merged).map(([name, value]) => [name, fill(value)]));
}

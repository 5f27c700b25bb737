import { basename, join } from 'node:path';
import type { ApiReply } from '../../kit/router.ts';
import { invalidParameter } from '../apiError.ts';
import { notebookDocument } from '../pages/notebookDocument.ts';
import { type Fields, optionalText, requiredId } from '../requestFields.ts';
import type { Workspace } from '../workspace.ts';
import { isOver } from './run.ts';
import type { Runs } from './runs.ts';

const views = ['CODE', 'DASHBOARDS', 'ALL'];

/**
 * `jobs/runs/export` of a task run: its notebook with results as HTML, as far as it has come
 * (https://docs.databricks.com/api/workspace/jobs/exportrun). Notebooks here have no dashboards.
 */
export function exportRun(workspace: Workspace, runs: Runs, query: Fields): ApiReply {
  const wanted = optionalText(query, 'views_to_export') ?? 'CODE';
  if (!views.includes(wanted)) throw invalidParameter(`views_to_export must be one of ${views.join(', ')}.`);
  const runId = requiredId(query, 'run_id');
  if (runs.get(runId)) {
    throw invalidParameter(
      'Exporting runs with multiple tasks is not supported. Please export each individual task run instead.',
    );
  }
  const found = runs.findTask(runId);
  if (!found) throw invalidParameter(`Run ${runId} does not exist.`);
  if (wanted === 'DASHBOARDS') return { body: { views: [] } };
  const { run, attempt } = found;
  const task = run.settings.tasks.find(({ task_key: key }) => key === attempt.taskKey);
  const path = task?.notebook_task.notebook_path ?? '';
  const content = notebookDocument({
    path,
    folder: join(workspace.folder, 'logs', attempt.runId),
    over: isOver(attempt),
    nowMs: workspace.clock.now(),
    ...attempt.output,
  });
  return { body: { views: [{ content, name: basename(path), type: 'NOTEBOOK' }] } };
}

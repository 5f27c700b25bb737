import { join } from 'node:path';
import type { ApiReply } from '../../kit/router.ts';
import { goStartMs, isOver, type Run, type TaskRun } from '../jobs/run.ts';
import { type RecordedCell, readCells } from '../notebooks/notebookRecord.ts';
import type { Workspace } from '../workspace.ts';
import { type Html, html } from './html.ts';
import { failure, notebookView } from './notebookView.ts';
import { page } from './page.ts';
import { linkedFiles } from './shownFiles.ts';

/** A run with its tasks, and of each task the notebook's cells with what they printed and showed. */
export function runPage(run: Run, workspace: Workspace): ApiReply {
  const rows = run.tasks.map((task) => taskRow(task, workspace));
  const details = run.tasks.map((task) => taskDetails(task, workspace));
  return page(
    `${run.settings.name}: run ${run.numberInJob}`,
    html`<p><strong>${stateOf(run)}</strong> ${run.ending?.message}</p>
      <p><a href="/jobs/${run.jobId}">Job ${run.jobId}</a>, run ${run.runId}</p>
      ${repairs(run)}
      <div class="scroll" tabindex="0">
        <table>
          <thead>
            <tr>
              <th scope="col">Task</th>
              <th scope="col">State</th>
              <th scope="col">Attempt</th>
              <th scope="col">Started</th>
              <th scope="col">Took</th>
            </tr>
          </thead>
          <tbody>
            ${rows}
          </tbody>
        </table>
      </div>
      ${details}`,
    isOver(run) ? undefined : 2,
  );
}

/** What was before each repair, and that it was repaired. */
function repairs(run: Run): Html | undefined {
  const { earlier = [], repair } = run;
  if (!repair) return undefined;
  const begins = [...earlier.slice(1).map(({ startMs }) => startMs), goStartMs(run)];
  const items = earlier.map(({ ending }, i) => {
    const began = new Date(begins[i] ?? 0).toISOString();
    return html`<li>${ending.result}: ${ending.message} Repaired at <time datetime="${began}">${began}</time>.</li>`;
  });
  return html`<h2>Repairs</h2>
    <ol>
      ${items}
    </ol>`;
}

function taskRow(task: TaskRun, { clock }: Workspace): Html {
  const seconds = ((task.endMs ?? clock.now()) - task.startMs) / 1000;
  const started = new Date(task.startMs).toISOString();
  return html`<tr>
    <td><a href="#${task.runId}">${task.taskKey}</a></td>
    <td>${stateOf(task)}</td>
    <td>${task.attempt + 1}</td>
    <td><time datetime="${started}">${started}</time></td>
    <td>${task.startMs > 0 ? `${seconds.toFixed(1)} s` : ''}</td>
  </tr>`;
}

function taskDetails(task: TaskRun, { folder, clock }: Workspace): Html {
  const { result, error, errorTrace } = task.output ?? {};
  const logs = join(folder, 'logs', task.runId);
  const cells = readCells(logs);
  const files = linkedFiles(logs, `/shown/${task.runId}`);
  const view = { files, over: isOver(task), depth: 2, nowMs: clock.now() };
  return html`<section id="${task.runId}">
    <h2>${task.taskKey}${task.attempt > 0 ? ` (attempt ${task.attempt + 1})` : ''}</h2>
    ${error !== undefined && !tellsFailure(cells) ? failure(error, errorTrace) : undefined}
    ${
      result
        ? html`<h3>Handed over</h3>
            <pre>${pretty(result)}</pre>`
        : undefined
    }
    ${
      cells.length > 0
        ? html`<p><a href="/shown/${task.runId}/output.log">All that it printed</a></p>
            ${notebookView(cells, view)}`
        : undefined
    }
  </section>`;
}

const tellsFailure = (cells: RecordedCell[]): boolean => cells.some(({ state }) => state === 'failed');

/** How a run or task ended, or what it does. */
export const stateOf = ({ lifeCycle, ending }: Run | TaskRun): string =>
  isOver({ lifeCycle }) ? (ending?.result ?? lifeCycle) : lifeCycle;

function pretty(result: string): string {
  try {
    return JSON.stringify(JSON.parse(result), undefined, 2);
  } catch {
    return result;
  }
}

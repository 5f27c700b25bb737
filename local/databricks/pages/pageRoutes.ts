import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiReply, Router } from '../../kit/router.ts';
import type { Collection } from '../../kit/store.ts';
import { doesNotExist } from '../apiError.ts';
import type { Job } from '../jobs/job.ts';
import { isOver, type Run, type TaskRun } from '../jobs/run.ts';
import type { Workspace } from '../workspace.ts';
import { type Html, html } from './html.ts';
import { page, styleSheet } from './page.ts';

/**
 * The pages that links to the workspace, a job and a run open: state, times, output, trace, log and pictures.
 * Read-only and, unlike the API, without sign-in: they are for the person at this machine.
 */
export function addPageRoutes(router: Router, workspace: Workspace): void {
  const jobs: Collection<Job> = workspace.store.collection('jobs');
  const runs: Collection<Run> = workspace.store.collection('runs');
  router.on('GET', '/', () => workspacePage(workspace, jobs.values(), runs.values()));
  router.on('GET', '/style.css', () => styleSheet);
  router.on('GET', '/jobs/{job}', ({ params }) => jobPage(found(jobs.get(params['job'] ?? '')), runs.values()));
  router.on('GET', '/jobs/{job}/runs/{run}', ({ params }) => {
    const all = runs.values();
    const id = params['run'] ?? '';
    return runPage(
      found(all.find((run) => run.runId === id || run.tasks.some((task) => task.runId === id))),
      workspace,
    );
  });
  router.on('GET', '/shown/{task}/{file}', ({ params }) =>
    picture(workspace, params['task'] ?? '', params['file'] ?? ''),
  );
}

function workspacePage({ record }: Workspace, jobs: Job[], runs: Run[]): ApiReply {
  const rows = jobs.map(
    ({ jobId, settings }) =>
      html`<tr>
        <td><a href="/jobs/${jobId}">${settings.name}</a></td>
        <td>${runs.filter((run) => run.jobId === jobId).map(linkTo)}</td>
      </tr>`,
  );
  return page(
    record.name,
    html`<p>The local workspace ${record.workspaceId} in ${record.location}.</p>
      <p>
        <a href="/explore/data">Tables</a>, <a href="/ml/experiments">experiments</a>, <a href="/ml/models">models</a>
      </p>
      <table>
        <thead>
          <tr>
            <th>Job</th>
            <th>Runs</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>`,
  );
}

function jobPage({ jobId, settings }: Job, runs: Run[]): ApiReply {
  const own = runs.filter((run) => run.jobId === jobId);
  return page(
    settings.name,
    html`<p>${own.length === 0 ? 'It has not run yet.' : own.map(linkTo)}</p>
      <h2>Settings</h2>
      <pre>${JSON.stringify(settings, undefined, 2)}</pre>`,
  );
}

function runPage(run: Run, workspace: Workspace): ApiReply {
  const rows = run.tasks.map((task) => taskRow(task, workspace));
  const details = run.tasks.map((task) => taskDetails(task, workspace));
  return page(
    `${run.settings.name}: run ${run.numberInJob}`,
    html`<p><strong>${stateOf(run)}</strong> ${run.ending?.message}</p>
      <p><a href="/jobs/${run.jobId}">Job ${run.jobId}</a>, run ${run.runId}</p>
      <table>
        <thead>
          <tr>
            <th>Task</th>
            <th>State</th>
            <th>Attempt</th>
            <th>Started</th>
            <th>Took</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
      ${details}`,
    isOver(run) ? undefined : 2,
  );
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

function taskDetails(task: TaskRun, workspace: Workspace): Html {
  const { result, error, errorTrace } = task.output ?? {};
  const log = logOf(task, workspace);
  return html`<section id="${task.runId}">
    <h2>${task.taskKey}</h2>
    ${
      error
        ? html`<p role="alert"><strong>${error}</strong></p>
            <pre>${errorTrace}</pre>`
        : undefined
    }
    ${
      result
        ? html`<h3>Handed over</h3>
            <pre>${pretty(result)}</pre>`
        : undefined
    }
    ${shownBy(task, workspace).map(
      (file) =>
        html`<figure><img src="/shown/${task.runId}/${file}" alt="Shown by ${task.taskKey}: ${file}" /></figure>`,
    )}
    ${
      log
        ? html`<h3>Log</h3>
            <pre>${log}</pre>`
        : undefined
    }
  </section>`;
}

const linkTo = (run: Run): Html =>
  html`<a href="/jobs/${run.jobId}/runs/${run.runId}">run ${run.numberInJob}: ${stateOf(run)}</a> `;

const stateOf = ({ lifeCycle, ending }: Run | TaskRun): string =>
  isOver({ lifeCycle }) ? (ending?.result ?? lifeCycle) : lifeCycle;

/** The end of what the notebook printed. */
function logOf(task: TaskRun, { folder }: Workspace): string {
  const file = join(folder, 'logs', task.runId, 'output.log');
  return existsSync(file) ? readFileSync(file, 'utf8').slice(-20_000) : '';
}

/** The pictures that the notebook has shown, in their order. */
function shownBy(task: TaskRun, { folder }: Workspace): string[] {
  const logs = join(folder, 'logs', task.runId);
  const number = (file: string): number => Number(/\d+/.exec(file)?.[0]);
  const files = existsSync(logs) ? readdirSync(logs).filter((file) => shownPicture.test(file)) : [];
  return files.toSorted((a, b) => number(a) - number(b));
}

const shownPicture = /^display-\d+\.png$/;

function pretty(result: string): string {
  try {
    return JSON.stringify(JSON.parse(result), undefined, 2);
  } catch {
    return result;
  }
}

function picture({ folder }: Workspace, taskRunId: string, file: string): ApiReply {
  const path = join(folder, 'logs', taskRunId, file);
  const isOne = /^\d+$/.test(taskRunId) && shownPicture.test(file) && existsSync(path);
  if (!isOne) throw doesNotExist(`There is no picture ${file}.`);
  return { headers: { 'content-type': 'image/png' }, body: readFileSync(path) };
}

function found<T>(object: T | undefined): T {
  if (!object) throw doesNotExist('There is no such page.');
  return object;
}

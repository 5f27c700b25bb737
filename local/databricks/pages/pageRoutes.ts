import { join } from 'node:path';
import type { ApiReply, Router } from '../../kit/router.ts';
import type { Collection } from '../../kit/store.ts';
import { doesNotExist } from '../apiError.ts';
import type { Job } from '../jobs/job.ts';
import type { Run } from '../jobs/run.ts';
import type { Workspace } from '../workspace.ts';
import { type Html, html } from './html.ts';
import { page, styleSheet } from './page.ts';
import { runPage, stateOf } from './runPage.ts';
import { shownFile } from './shownFiles.ts';

/**
 * The pages that links to the workspace, a job and a run open: state, times, the notebooks' cells and what they showed.
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
  router.on('GET', '/shown/{task}/{file*}', ({ params }) =>
    shownFile(join(workspace.folder, 'logs'), params['task'] ?? '', params['file'] ?? ''),
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
        <a href="/explore/data">Tables</a>, <a href="/sql/warehouses">SQL warehouses</a>,
        <a href="/ml/experiments">experiments</a>, <a href="/ml/models">models</a>
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

const linkTo = (run: Run): Html =>
  html`<a href="/jobs/${run.jobId}/runs/${run.runId}">run ${run.numberInJob}: ${stateOf(run)}</a> `;

function found<T>(object: T | undefined): T {
  if (!object) throw doesNotExist('There is no such page.');
  return object;
}

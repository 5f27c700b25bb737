import type { ApiReply, Router } from '../../kit/router.ts';
import { type Html, html } from '../pages/html.ts';
import { page } from '../pages/page.ts';
import { moment, table } from '../pages/parts.ts';
import type { StoredFiles } from '../storage/storedFiles.ts';
import { artifactFolder } from './artifactRoutes.ts';
import type { Experiment, MlflowRun } from './entities.ts';
import type { Experiments } from './experiments.ts';
import { metricList, metricTables } from './metricTables.ts';
import { fileList, fileReply, pairTable } from './pageParts.ts';
import type { Runs } from './runs.ts';

/** Pages of experiments and runs, at the addresses that the client prints. */
export function addExperimentPages(router: Router, experiments: Experiments, runs: Runs, storage: StoredFiles): void {
  router.on('GET', '/ml/experiments', () => experimentsPage(experiments, runs));
  router.on('GET', '/ml/experiments/{id}', ({ params }) => experimentPage(experiments.get(params['id'] ?? ''), runs));
  const path = '/ml/experiments/{id}/runs/{run}';
  router.on('GET', path, ({ params }) => runPage(experiments, runs, storage, runs.get(params['run'] ?? '')));
  router.on('GET', `${path}/artifacts/{path*}`, ({ params }) =>
    fileReply(storage, `${artifactFolder(runs, runs.get(params['run'] ?? ''))}/${params['path'] ?? ''}`),
  );
}

function experimentsPage(experiments: Experiments, runs: Runs): ApiReply {
  const rows = experiments.all().map((experiment) => {
    const { experimentId, name, deleted, updatedMs } = experiment;
    const link = html`<a href="/ml/experiments/${experimentId}">${name}</a>${deleted ? ' (deleted)' : ''}`;
    return [link, runs.of(experimentId).length, moment(updatedMs)];
  });
  return page('Experiments', table(['Name', 'Runs', 'Changed'], rows));
}

function experimentPage({ experimentId, name, deleted, tags }: Experiment, runs: Runs): ApiReply {
  const own = runs.of(experimentId).toReversed();
  const rows = own.map((run) => [
    html`<a href="${addressOf(run)}">${run.name}</a>`,
    runs.isDeleted(run) ? `${run.status} (deleted)` : run.status,
    moment(run.startMs),
    metricList(run),
  ]);
  return page(
    name,
    html`<p>Experiment ${experimentId}${deleted ? ', deleted' : ''}</p>
      ${table(['Run', 'Status', 'Started', 'Metrics'], rows)} ${pairTable('Tags', tags)}`,
    own.some(({ status }) => status === 'RUNNING') ? 5 : undefined,
  );
}

function runPage(experiments: Experiments, runs: Runs, storage: StoredFiles, run: MlflowRun): ApiReply {
  const { name } = experiments.get(run.experimentId);
  return page(
    run.name,
    html`<p><strong>${run.status}</strong>${runs.isDeleted(run) ? ', deleted' : ''}</p>
      <p><a href="/ml/experiments/${run.experimentId}">${name}</a>, run ${run.runId}</p>
      <p>By ${run.userId}, from ${moment(run.startMs)} ${run.endMs === undefined ? '' : 'to'} ${moment(run.endMs)}</p>
      ${metricTables(run, runs)} ${pairTable('Parameters', run.params)} ${pairTable('Tags', shownTags(run))}
      ${datasetsOf(run)}
      <h2>Artifacts</h2>
      ${fileList(storage, artifactFolder(runs, run), `${addressOf(run)}/artifacts`)}`,
    run.status === 'RUNNING' ? 5 : undefined,
  );
}

// Those are the client's notes to itself; the name is the page's title.
const shownTags = ({ tags }: MlflowRun): MlflowRun['tags'] =>
  tags.filter(({ key }) => key !== 'mlflow.runName' && key !== 'mlflow.log-model.history');

const datasetsOf = ({ datasets }: MlflowRun): Html | undefined =>
  datasets.length === 0
    ? undefined
    : html`<h2>Datasets</h2>
        ${table(
          ['Name', 'Digest', 'Source'],
          datasets.map(({ dataset }) => [dataset['name'], dataset['digest'], dataset['source']]),
        )}`;

/** The address of a run's page. */
export const addressOf = ({ experimentId, runId }: MlflowRun): string =>
  `/ml/experiments/${experimentId}/runs/${runId}`;

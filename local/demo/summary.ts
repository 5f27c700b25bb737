import { partsOf } from './parts.ts';
import { duration } from './render.ts';
import type { FailureView, StatusResource } from '../../domain/status.ts';

/** What a person wants to know at the end: links, metrics, pictures (as files), times; or the failure with its cause and what to do. */
export function summary(status: StatusResource, pictures: string[]): string {
  return status.failure ? failureText(status.failure, status) : successText(status, pictures);
}

function successText(status: StatusResource, pictures: string[]): string {
  const seconds = (Date.parse(status.lastUpdatedTime) - Date.parse(status.createdTime)) / 1000;
  return [
    `Deployed in ${duration(seconds)}, of which ${duration(waitedSeconds(status, seconds))} waiting for the cloud.`,
    '',
    ...Object.entries({
      Workspace: status.links.workspace,
      Job: status.links.job,
      'RUNME run': status.links.runmeRun,
      'Notebooks run': status.links.notebooksRun,
      'SQL warehouse': status.links.warehouse,
      'MLflow run': status.links.mlflowRun,
      Model: status.links.model,
    }).map(([name, url]) => `${name.padEnd(14)} ${url ?? ''}`),
    '',
    ...resultLines(status),
    '',
    'Where the time went',
    ...partsOf(status).map(
      ({ title, seconds, share }) =>
        `  ${title.padEnd(44)} ${duration(seconds).padStart(7)} ${`${Math.round(share * 100)} %`.padStart(6)}`,
    ),
    '',
    'Pictures',
    ...pictures.map((file) => `  ${file}`),
    '',
    'The local cloud stops now and takes its links along; `npm run dev` keeps one up.',
  ].join('\n');
}

/** What the SQL warehouse and MLflow have confirmed; only the notebook's own words where nothing was verified. */
function resultLines({ verified, results }: StatusResource): string[] {
  const { metrics: said = {} } = (results ?? {}) as { metrics?: Record<string, unknown> };
  const metrics = Object.entries({ ...said, ...verified?.metrics });
  const notes = (name: string): string => (verified && !(name in verified.metrics) ? '  (told by the notebook)' : '');
  return [
    ...(verified?.tables ?? []).map(
      ({ role, name, rows, url }) => `${role.padEnd(14)} ${rows} rows verified in ${name}\n${' '.repeat(15)}${url}`,
    ),
    ...(verified ? [`model          ${verified.model.name} version ${verified.model.version}`, ''] : []),
    'Metrics of 03_train_models',
    ...metrics.map(([name, value]) => `  ${name.padEnd(44)} ${format(value)}${notes(name)}`),
  ];
}

/** Steps side by side may have waited at the same time, so the sum is bounded by the whole. */
function waitedSeconds({ steps }: StatusResource, wholeSeconds: number): number {
  return Math.min(
    wholeSeconds,
    steps.reduce((sum, step) => sum + step.waitedSeconds, 0),
  );
}

const format = (value: unknown): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(4))) : JSON.stringify(value);

function failureText(failure: FailureView, { steps }: StatusResource): string {
  const { code, title, message, hint, cause, trace, link } = failure;
  const step = steps.find(({ name }) => name === failure.step);
  return [
    `FAILED${step ? ` at ${step.title}` : ''}: ${title} (${code})`,
    message,
    ...(cause ? [`Cause: ${cause}`] : []),
    ...(trace?.length ? ['', ...trace.map((line) => `  ${line}`), ''] : []),
    `Fix:   ${hint}`,
    ...(link ? [`More:  ${link}`] : []),
  ].join('\n');
}

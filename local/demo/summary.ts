import { duration } from './render.ts';
import type { StatusResource } from '../../domain/status.ts';

/** What a person wants to know at the end: links, metrics, pictures, times; or the failure with its cause and what to do. */
export function summary(status: StatusResource, workspaceFolder: string): string {
  return status.failure ? failureText(status.failure) : successText(status, workspaceFolder);
}

function successText(status: StatusResource, workspaceFolder: string): string {
  const { metrics = {}, pictures = [] } = (status.results ?? {}) as {
    metrics?: Record<string, unknown>;
    pictures?: string[];
  };
  const seconds = (Date.parse(status.lastUpdatedTime) - Date.parse(status.createdTime)) / 1000;
  return [
    `Deployed in ${duration(seconds)}, of which ${duration(waitedSeconds(status))} waiting for the cloud.`,
    '',
    ...Object.entries({
      Workspace: status.links.workspace,
      Job: status.links.job,
      'RUNME run': status.links.runmeRun,
      'Notebooks run': status.links.notebooksRun,
    }).map(([name, url]) => `${name.padEnd(14)} ${url ?? ''}`),
    '',
    'Metrics of 03_train_models',
    ...Object.entries(metrics).map(([name, value]) => `  ${name.padEnd(44)} ${format(value)}`),
    '',
    'Pictures',
    ...pictures.map((path) => `  ${workspaceFolder}${path.replace(/^\/Workspace/, '')}`),
  ].join('\n');
}

/** Steps that ran side by side waited together, so their overlap counts once. */
function waitedSeconds({ steps }: StatusResource): number {
  return steps.reduce((sum, step) => sum + step.waitedSeconds, 0);
}

const format = (value: unknown): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(4))) : JSON.stringify(value);

function failureText({
  code,
  title,
  message,
  hint,
  cause,
  trace,
  link,
  step,
}: NonNullable<StatusResource['failure']>): string {
  return [
    `FAILED ${step ? `in step ${step}` : ''}: ${title ?? code} (${code})`,
    message,
    ...(cause ? [`Cause: ${cause}`] : []),
    ...(trace?.length ? ['', ...trace.map((line) => `  ${line}`), ''] : []),
    ...(hint ? [`Fix:   ${hint}`] : []),
    ...(link ? [`More:  ${link}`] : []),
  ].join('\n');
}

import { type Html, html } from '../pages/html.ts';
import { table } from '../pages/parts.ts';
import type { MetricSummary, MlflowRun } from './entities.ts';
import { metricCurve } from './metricCurve.ts';
import type { Runs } from './runs.ts';

/** A run's metrics with their curves. Those of a group, the part of a name before its slash, are folded, for there may be hundreds. */
export function metricTables(run: MlflowRun, runs: Runs): Html | undefined {
  if (run.metrics.length === 0) return undefined;
  const { alone, groups } = grouped(run.metrics);
  const shown = (metrics: MetricSummary[]): Html =>
    table(
      ['Name', 'Last value', 'Logged', 'Over the steps'],
      metrics.map(({ key, latest, count }) => [
        key,
        String(latest.value),
        html`${count} ${count === 1 ? 'point' : 'points'}`,
        metricCurve(key, runs.history(run, key)),
      ]),
    );
  return html`<h2>Metrics</h2>
    ${alone.length === 0 ? undefined : shown(alone)}
    ${groups.map(
      ([name, metrics]) =>
        html`<details>
          <summary>${name}: ${metrics.length}</summary>
          ${shown(metrics)}
        </details>`,
    )}`;
}

/** A run's metrics in a list of runs: the last values, and of each group only how many it has. */
export function metricList({ metrics }: MlflowRun): Html {
  const { alone, groups } = grouped(metrics);
  return html`<ul>
    ${alone.map(({ key, latest }) => html`<li>${key}: ${latest.value}</li>`)}
    ${groups.map(([name, of]) => html`<li>${name}/…: ${of.length} values</li>`)}
  </ul>`;
}

function grouped(metrics: MetricSummary[]): { alone: MetricSummary[]; groups: [string, MetricSummary[]][] } {
  const alone = metrics.filter(({ key }) => !key.includes('/'));
  const others = metrics.filter(({ key }) => key.includes('/'));
  const groups = Map.groupBy(others, ({ key }) => key.slice(0, key.indexOf('/')));
  return { alone, groups: [...groups] };
}

import { type Html, html } from '../pages/html.ts';
import type { MetricPoint } from './entities.ts';

const [width, height, margin] = [320, 96, 4];
// More points than columns of the picture cannot be seen.
const pointsMost = 320;

/** A metric's history as a small picture over its steps; undefined when there are not two points to join. */
export function metricCurve(name: string, history: MetricPoint[]): Html | undefined {
  const finite = history
    .map(({ step, value }) => ({ step: Number(step), value: Number(value) }))
    .filter(({ value }) => Number.isFinite(value))
    .toSorted((a, b) => a.step - b.step);
  const points = thinned(finite);
  if (points.length < 2) return undefined;
  const across = scale(
    points.map(({ step }) => step),
    width,
  );
  const up = scale(
    points.map(({ value }) => value),
    height,
  );
  const line = points.map(({ step, value }, i) => {
    // Points without steps of their own are drawn in the order of logging.
    const x = across(step) ?? margin + (i / (points.length - 1)) * (width - 2 * margin);
    return `${x.toFixed(1)},${(height - (up(value) ?? height / 2)).toFixed(1)}`;
  });
  return html`<svg role="img" aria-label="${name}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
    <polyline points="${line.join(' ')}" fill="none" stroke="currentColor" stroke-width="1.5" />
  </svg>`;
}

/** Maps a range of values to a length; undefined when they are all the same. */
function scale(values: number[], length: number): (value: number) => number | undefined {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return (value) => (most > least ? margin + ((value - least) / (most - least)) * (length - 2 * margin) : undefined);
}

function thinned<T>(points: T[]): T[] {
  const stride = Math.ceil(points.length / pointsMost);
  return points.filter((_, i) => i % stride === 0 || i === points.length - 1);
}

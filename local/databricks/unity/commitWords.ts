import type { DeltaCommit } from './deltaLog.ts';

// Metrics of Delta's operations, "Operation metrics keys" in the documentation of delta-io/delta. A merge's `numOutputRows`
// counts rows that it only copied, so it is the last resort.
const rowCounts: [metric: string, word: string][] = [
  ['numTargetRowsInserted', 'inserted'],
  ['numTargetRowsUpdated', 'updated'],
  ['numTargetRowsDeleted', 'deleted'],
  ['numUpdatedRows', 'updated'],
  ['numDeletedRows', 'deleted'],
];

/** How many rows a commit changed, for people, e.g. `2 inserted, 1 updated`; nothing when it does not say. */
export function changedRows({ metrics }: DeltaCommit): string | undefined {
  const counted = rowCounts.filter(([metric]) => metrics[metric] !== undefined);
  const changed = counted.filter(([metric]) => metrics[metric] !== '0');
  if (changed.length > 0) return changed.map(([metric, word]) => `${metrics[metric]} ${word}`).join(', ');
  if (counted.length > 0) return 'none';
  const { numOutputRows: written } = metrics;
  return written === undefined ? undefined : `${written} written`;
}

// What the page shows elsewhere, or what is true of every table here.
const shownElsewhere = new Set(['description', 'properties', 'isManaged']);

/** What an operation was asked to do, for people, without what is empty. */
export function shownParameters({ parameters }: DeltaCommit): string {
  return Object.entries(parameters)
    .filter(([name, value]) => !shownElsewhere.has(name) && !['[]', '{}', '', 'null'].includes(String(value)))
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('; ');
}

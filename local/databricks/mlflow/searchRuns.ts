import { type MlflowRun, valueOf } from './entities.ts';
import type { Runs } from './runs.ts';
import { type Comparison, type SearchGrammar, parseFilter, parseOrder } from './searchFilter.ts';
import { type Operand, ordered, passes } from './searchMatch.ts';

const runGrammar: SearchGrammar = {
  kinds: ['metric', 'parameter', 'tag', 'attribute', 'dataset'],
  textAttributes: ['run_id', 'run_name', 'status', 'user_id', 'artifact_uri'],
  numberAttributes: ['start_time', 'end_time'],
  listAttributes: ['run_id'],
};

export interface RunSearch {
  filter?: string;
  orderBy: string[];
}

/** The runs that pass the filter, in the wished order; by default the newest first. */
export function searchRuns(candidates: MlflowRun[], { filter, orderBy }: RunSearch, runs: Runs): MlflowRun[] {
  const comparisons = parseFilter(filter, runGrammar);
  const orderings = orderBy.map((clause) => parseOrder(clause, runGrammar));
  const found = candidates.filter((run) => comparisons.every((comparison) => runPasses(run, comparison, runs)));
  const natural = found.toSorted((a, b) => {
    if (a.startMs !== b.startMs) return a.startMs > b.startMs ? -1 : 1;
    return a.runId < b.runId ? -1 : 1;
  });
  return ordered(natural, orderings, (run, { kind, key }) => operandOf(run, kind, key, runs));
}

function runPasses(run: MlflowRun, comparison: Comparison, runs: Runs): boolean {
  if (comparison.kind !== 'dataset') return passes(operandOf(run, comparison.kind, comparison.key, runs), comparison);
  return run.datasets.some(({ dataset, tags }) => {
    const context = valueOf(tags, 'mlflow.data.context');
    return passes(comparison.key === 'context' ? context : dataset[comparison.key], comparison);
  });
}

function operandOf(run: MlflowRun, kind: Comparison['kind'], key: string, runs: Runs): Operand {
  if (kind === 'tag') return valueOf(run.tags, key);
  if (kind === 'parameter') return valueOf(run.params, key);
  if (kind === 'attribute') return attributeOf(run, key, runs);
  const latest = run.metrics.find((metric) => metric.key === key)?.latest;
  return latest && Number(latest.value);
}

function attributeOf(run: MlflowRun, key: string, runs: Runs): Operand {
  if (key === 'run_id') return run.runId;
  if (key === 'run_name') return run.name;
  if (key === 'status') return run.status;
  if (key === 'user_id') return run.userId;
  if (key === 'artifact_uri') return runs.artifactUri(run);
  return key === 'start_time' ? run.startMs : run.endMs;
}

import type { DatabricksApi } from '../clients/databricks.ts';
import { because, type ExplainedItem, type RemovalItem, type RemovalPlan } from '../domain/removal.ts';
import type { Deployment } from '../domain/steps.ts';
import { seenData } from './seenData.ts';

/** Adds the results to a plan: removed with `data`, else left; in a workspace that is removed (`goesAlong`) unmentioned then. */
export async function plannedData(
  plan: RemovalPlan,
  api: DatabricksApi,
  deployment: Deployment,
  { data, goesAlong }: { data: boolean; goesAlong: boolean },
): Promise<void> {
  // Without this the workspace could not be deleted while its own contents cannot be read.
  if (goesAlong && !data) return;
  const seen = await seenData(api, deployment);
  const mine: RemovalItem[] = [];
  const theirs: ExplainedItem[] = [];
  for (const { catalog, schema, own, others, ownsSchema } of seen.schemas) {
    mine.push(...own.map((name) => ({ kind: 'table', name }) as const));
    theirs.push(
      ...others.map(
        ({ name, owner }) => ({ kind: 'table', name, why: `the deployment ${owner} wrote it last` }) as const,
      ),
    );
    if (ownsSchema && others.length === 0) mine.push({ kind: 'schema', name: `${catalog}.${schema}` });
  }
  for (const { name, versions, others } of seen.models) {
    if (others === 0) mine.push({ kind: 'model', name });
    else {
      mine.push(...versions.map((version) => ({ kind: 'modelVersion', name: `${name} version ${version}` }) as const));
      theirs.push({ kind: 'model', name, why: `${others} of its versions are of other runs` });
    }
  }
  for (const { name, own, shared } of seen.experiments) {
    if (shared === undefined) mine.push({ kind: 'experiment', name });
    else {
      const active = own.filter(({ isDeleted }) => !isDeleted);
      mine.push(...active.map(({ runId, name: run }) => ({ kind: 'mlflowRun', name: run || runId }) as const));
      theirs.push({ kind: 'experiment', name, why: shared });
    }
  }
  if (seen.pictures) mine.push({ kind: 'folder', name: seen.pictures });
  if (data) plan.remove.push(...mine.map((item) => ({ ...item, why: because.tag })));
  else plan.keep.push(...mine.map((item) => ({ ...item, why: because.notAsked })));
  plan.keep.push(...theirs);
  plan.warnings.push(...seen.warnings);
}

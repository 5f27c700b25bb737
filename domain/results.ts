import * as v from 'valibot';
import { TerminalError } from './errors.ts';

// Names and ids stand in a custom status of 16 kB, in links and in queries.
const mostTables = 6;
const role = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,29}$/));
const mostCharacters = 302;
const short = v.check(
  (name: string) => !name.isWellFormed() || encodeURIComponent(name).length <= mostCharacters,
  'A name is too long.',
);
// What Unity Catalog allows, but for quotes: those in a name would need care in each statement.
const part = '[^./\\s\\p{Cc}\\p{Cs}`\'"]+';
const threeLevels = v.pipe(
  v.string(),
  v.regex(new RegExp(`^${part}(?:\\.${part}){2}$`, 'u'), 'Not a name of the form catalog.schema.name.'),
  short,
);
// In Unity Catalog, or in the workspace's own registry, where the notebooks register when their catalog has no models.
const modelName = v.pipe(
  v.string(),
  v.regex(
    new RegExp(`^${part}(?:(?:\\.${part}){2})?$`, 'u'),
    'Neither of the form catalog.schema.name nor a plain name.',
  ),
  short,
);
const id = v.pipe(v.string(), v.regex(/^\w{1,64}$/));

const results = v.pipe(
  v.object({
    tables: v.pipe(
      v.record(role, threeLevels),
      v.maxEntries(mostTables),
      v.check((tables) => Object.hasOwn(tables, 'evaluation'), 'There is no evaluation table.'),
    ),
    rows: v.record(role, v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
    mlflow: v.object({ experiment_id: id, run_id: id }),
    model: v.object({ name: modelName, version: v.pipe(v.string(), v.regex(/^[1-9]\d{0,9}$/)) }),
    metrics: v.optional(v.record(v.string(), v.unknown()), {}),
  }),
  v.check(({ tables, rows }) => Object.keys(tables).every((key) => Object.hasOwn(rows, key)), 'A table has no rows.'),
);

/** What the last notebook says that it left behind: table names and row counts by role, one of them `evaluation`. */
export type DeclaredResults = v.InferOutput<typeof results>;

/** The results as the SQL warehouse and MLflow have shown them. */
export interface Verified {
  /** `rows`: those of this attempt. */
  tables: { role: string; name: string; rows: number; url: string }[];
  metrics: Record<string, number>;
  mlflowRun: { id: string; url: string; status: string };
  model: { name: string; version: string; url: string };
  warehouse: { id: string; url: string };
}

/** Reads what the last notebook handed over; throws RESULTS_UNDECLARED with every fault. */
export function declaredResults(handedOver: unknown, runUrl: string | undefined): DeclaredResults {
  const parsed = v.safeParse(results, handedOver);
  if (parsed.success) return parsed.output;
  const faults = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? '(all)'}: ${issue.message}`);
  throw new TerminalError('RESULTS_UNDECLARED', 'The last notebook handed over no account of its results.', {
    cause: faults.join('; '),
    link: runUrl,
  });
}

/** Whether a model is in Unity Catalog, and not in the workspace's own registry, which knows plain names. */
export const isInUnityCatalog = (model: string): boolean => model.includes('.');

const pathOf = (name: string): string => encodeURIComponent(name).replaceAll('.', '/');

/** The pages of the results in the workspace. */
export const resultLinks = (host: string) => ({
  table: (name: string): string => `https://${host}/explore/data/${pathOf(name)}`,
  mlflowRun: (experimentId: string, runId: string): string =>
    `https://${host}/ml/experiments/${experimentId}/runs/${runId}`,
  model: (name: string, version: string): string =>
    isInUnityCatalog(name)
      ? `https://${host}/explore/data/models/${pathOf(name)}/version/${version}`
      : `https://${host}/ml/models/${pathOf(name)}/versions/${version}`,
});

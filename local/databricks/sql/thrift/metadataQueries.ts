import type { SqlParameter, SqlResult } from '../../compute.ts';
import { ThriftRefusal } from './thriftStatus.ts';

/** A question about the catalog as SQL, and its answer under the names that drivers expect. */
export interface MetadataQuery {
  text: string;
  parameters: SqlParameter[];
  shape: (result: SqlResult) => SqlResult;
}

/** A catalog that every Spark session has and Databricks does not show. */
const sparkOwn = 'spark_catalog';

/** All catalogs. */
export const catalogs = (): MetadataQuery => ({
  text: 'SHOW CATALOGS',
  parameters: [],
  shape: ({ rows }) => ({
    columns: [{ name: 'TABLE_CAT', type: 'string' }],
    rows: rows.flatMap(([name = null]) => (name === sparkOwn ? [] : [[name]])),
  }),
});

/** The schemas of a catalog, or of the session's; `pattern` with `%` and `_` as in LIKE. */
export function schemas(catalog: string | undefined, pattern: string | undefined): MetadataQuery {
  if (catalog !== undefined && /[%`]/.test(catalog)) throw new ThriftRefusal('The catalog must be one by its name.');
  const fits = likePattern(pattern ?? '%');
  const columns = ['TABLE_SCHEM', 'TABLE_CATALOG'].map((name) => ({ name, type: 'string' }));
  return {
    text: catalog === undefined ? 'SHOW SCHEMAS' : `SHOW SCHEMAS IN \`${catalog}\``,
    parameters: [],
    shape: ({ rows }) => ({
      columns,
      rows: rows.flatMap(([name = null]) => (fits.test(String(name)) ? [[name, catalog ?? null]] : [])),
    }),
  };
}

/** The kinds of tables that there are. */
export const tableTypes = (): MetadataQuery => ({
  text: "SELECT * FROM VALUES ('TABLE'), ('VIEW') AS types(TABLE_TYPE)",
  parameters: [],
  shape: (result) => result,
});

function likePattern(pattern: string): RegExp {
  const source = pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${source.replaceAll('%', '.*').replaceAll('_', '.')}$`, 'i');
}

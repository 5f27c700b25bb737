import { pathToFileURL } from 'node:url';
import { type Fields, optionalFlag, queryOf, requiredText } from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import type { CatalogTree, ListedTable } from './catalogTree.ts';
import { columnInfos } from './columns.ts';
import type { DeltaTable } from './deltaLog.ts';
import { listReply } from './listReply.ts';
import { type UnityName, parseUnityName } from './unityNames.ts';

/** Tables: what of them is read, and their end. */
export function addTableRoutes(on: AddRoute, base: string, tree: CatalogTree, metastoreId: string): void {
  addTableReads(on, base, tree, metastoreId);
  on('DELETE', `${base}/tables/{name}`, ({ params }) => {
    const { catalog, schema, name } = nameIn(params);
    tree.dropTable(catalog, schema, name);
    return { body: {} };
  });
}

/** The reading operations of tables. */
export function addTableReads(on: AddRoute, base: string, tree: CatalogTree, metastoreId: string): void {
  on('GET', `${base}/tables`, (request) => {
    const query = queryOf(request);
    const [catalog, schema] = [requiredText(query, 'catalog_name'), requiredText(query, 'schema_name')];
    const omitted = new Set(['columns', 'properties'].filter((field) => optionalFlag(query, `omit_${field}`)));
    return listReply('tables', tree.tableNames(catalog, schema), query, (names) =>
      tree.tables(catalog, schema, names).map((listed) => without(omitted, tableInfo(listed, metastoreId))),
    );
  });
  on('GET', `${base}/tables/{name}`, ({ params }) => {
    const { catalog, schema, name } = nameIn(params);
    return { body: tableInfo(tree.table(catalog, schema, name), metastoreId) };
  });
  on('GET', `${base}/tables/{name}/exists`, ({ params }) => {
    const { catalog, schema, name } = nameIn(params);
    return { body: { table_exists: tree.hasTable(catalog, schema, name) } };
  });
}

const nameIn = (params: Record<string, string>): UnityName => parseUnityName(params['name'] ?? '');

const without = (omitted: Set<string>, info: Fields): Fields =>
  Object.fromEntries(Object.entries(info).filter(([field]) => !omitted.has(field)));

/** A table as `TableInfo`; only what its place says of one that its log does not describe. */
function tableInfo({ catalog, schema, name, folder, table }: ListedTable, metastoreId: string): Fields {
  return {
    name,
    catalog_name: catalog,
    schema_name: schema,
    full_name: `${catalog}.${schema}.${name}`,
    table_type: 'MANAGED',
    data_source_format: 'DELTA',
    storage_location: pathToFileURL(folder).href,
    metastore_id: metastoreId,
    securable_type: 'TABLE',
    ...(table && describedBy(table)),
  };
}

// Delta's own properties are among the others, as Databricks shows them.
function describedBy(table: DeltaTable): Fields {
  const last = table.commits.at(-1);
  return {
    columns: columnInfos(table),
    ...(table.comment !== undefined && { comment: table.comment }),
    properties: {
      ...table.properties,
      'delta.lastUpdateVersion': String(last?.version),
      'delta.lastCommitTimestamp': String(last?.atMs),
      'delta.minReaderVersion': String(table.minReaderVersion),
      'delta.minWriterVersion': String(table.minWriterVersion),
    },
    table_id: table.id,
    created_at: table.createdMs,
    updated_at: last?.atMs,
  };
}

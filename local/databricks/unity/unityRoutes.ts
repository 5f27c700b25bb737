import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { invalidParameter } from '../apiError.ts';
import {
  type Fields,
  bodyOf,
  boundedInteger,
  optionalFlag,
  optionalText,
  queryOf,
  requiredText,
  textMap,
} from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import type { Workspace } from '../workspace.ts';
import type { CatalogTree, FoundTable, Place } from './catalogTree.ts';
import { columnInfos } from './columns.ts';

const base = '/api/2.1/unity-catalog';

/** Unity Catalog: the catalogs, schemas and tables that Spark has made, and new catalogs and schemas. */
export function addUnityRoutes(on: AddRoute, workspace: Workspace, tree: CatalogTree): void {
  const metastoreId = uuidFrom(`metastore of ${workspace.record.workspaceId}`);
  addMetastore(on, workspace, metastoreId);
  addPlaces(on, tree, metastoreId);
  addTables(on, tree, metastoreId);
}

function addMetastore(on: AddRoute, workspace: Workspace, metastoreId: string): void {
  const { record } = workspace;
  on('GET', `${base}/current-metastore-assignment`, () => ({
    body: {
      metastore_id: metastoreId,
      workspace_id: BigInt(record.workspaceId),
      default_catalog_name: workspace.lakehouse().catalogs[0],
    },
  }));
  on('GET', `${base}/metastore_summary`, () => ({
    body: {
      metastore_id: metastoreId,
      name: `metastore_azure_${record.location}`,
      global_metastore_id: `azure:${record.location}:${metastoreId}`,
      cloud: 'azure',
      region: record.location,
      created_at: record.createdMs,
    },
  }));
}

function addPlaces(on: AddRoute, tree: CatalogTree, metastoreId: string): void {
  const catalogInfo = (place: Place): Fields => ({
    ...placeInfo(place, place.name, metastoreId),
    catalog_type: 'MANAGED_CATALOG',
    securable_type: 'CATALOG',
    isolation_mode: 'OPEN',
  });
  const schemaInfo = (catalog: string, place: Place): Fields => ({
    ...placeInfo(place, `${catalog}.${place.name}`, metastoreId),
    catalog_name: catalog,
    catalog_type: 'MANAGED_CATALOG',
    securable_type: 'SCHEMA',
  });
  on('GET', `${base}/catalogs`, (request) => ({
    body: pageOf('catalogs', tree.catalogs().map(catalogInfo), queryOf(request)),
  }));
  on('POST', `${base}/catalogs`, (request) => {
    const body = bodyOf(request);
    return { body: catalogInfo(tree.createCatalog(requiredText(body, 'name'), optionalText(body, 'comment'))) };
  });
  on('GET', `${base}/catalogs/{name}`, ({ params }) => ({ body: catalogInfo(tree.catalog(params['name'] ?? '')) }));
  on('GET', `${base}/schemas`, (request) => {
    const query = queryOf(request);
    const catalog = requiredText(query, 'catalog_name').toLowerCase();
    const infos = tree.schemas(catalog).map((place) => schemaInfo(catalog, place));
    return { body: pageOf('schemas', infos, query) };
  });
  on('POST', `${base}/schemas`, (request) => {
    const body = bodyOf(request);
    const [catalog, name] = [requiredText(body, 'catalog_name').toLowerCase(), requiredText(body, 'name')];
    const made = tree.createSchema(catalog, name, optionalText(body, 'comment'), textMap(body, 'properties'));
    return { body: schemaInfo(catalog, made) };
  });
  on('GET', `${base}/schemas/{name}`, ({ params }) => {
    const [catalog = '', schema = ''] = partsOf(params['name'] ?? '', 2);
    return { body: schemaInfo(catalog, tree.schema(catalog, schema)) };
  });
}

function addTables(on: AddRoute, tree: CatalogTree, metastoreId: string): void {
  on('GET', `${base}/tables`, (request) => {
    const query = queryOf(request);
    const [catalog, schema] = [requiredText(query, 'catalog_name'), requiredText(query, 'schema_name')];
    const { tables: names, ...more } = pageOf('tables', tree.tableNames(catalog, schema), query);
    const omitted = new Set(['columns', 'properties'].filter((field) => optionalFlag(query, `omit_${field}`)));
    const tables = names.map((name) => {
      const info = Object.entries(tableInfo(tree.table(catalog, schema, name), metastoreId));
      return Object.fromEntries(info.filter(([field]) => !omitted.has(field)));
    });
    return { body: { tables, ...more } };
  });
  on('GET', `${base}/tables/{name}`, ({ params }) => {
    const [catalog = '', schema = '', name = ''] = partsOf(params['name'] ?? '', 3);
    return { body: tableInfo(tree.table(catalog, schema, name), metastoreId) };
  });
  on('GET', `${base}/tables/{name}/exists`, ({ params }) => {
    const [catalog = '', schema = '', name = ''] = partsOf(params['name'] ?? '', 3);
    return { body: { table_exists: tree.hasTable(catalog, schema, name) } };
  });
  on('DELETE', `${base}/tables/{name}`, ({ params }) => {
    const [catalog = '', schema = '', name = ''] = partsOf(params['name'] ?? '', 3);
    tree.dropTable(catalog, schema, name);
    return { body: {} };
  });
}

function placeInfo({ name, comment, properties, createdMs }: Place, fullName: string, metastoreId: string): Fields {
  return {
    name,
    full_name: fullName,
    ...(comment !== undefined && { comment }),
    properties,
    metastore_id: metastoreId,
    created_at: createdMs,
    updated_at: createdMs,
  };
}

/** A table as `TableInfo`. Delta's own properties are among the others, as Databricks shows them. */
export function tableInfo({ catalog, schema, name, folder, table }: FoundTable, metastoreId: string): Fields {
  const last = table.commits.at(-1);
  return {
    name,
    catalog_name: catalog,
    schema_name: schema,
    full_name: `${catalog}.${schema}.${name}`,
    table_type: 'MANAGED',
    data_source_format: 'DELTA',
    columns: columnInfos(table),
    ...(table.comment !== undefined && { comment: table.comment }),
    properties: {
      ...table.properties,
      'delta.lastUpdateVersion': String(last?.version),
      'delta.lastCommitTimestamp': String(last?.atMs),
      'delta.minReaderVersion': String(table.minReaderVersion),
      'delta.minWriterVersion': String(table.minWriterVersion),
    },
    storage_location: pathToFileURL(folder).href,
    metastore_id: metastoreId,
    table_id: table.id,
    securable_type: 'TABLE',
    created_at: table.createdMs,
    updated_at: last?.atMs,
  };
}

const largestPage = 1000;

/** A page of what is there, in its order; the token says how many came before. */
function pageOf<Name extends string, T>(
  name: Name,
  all: T[],
  query: Fields,
): Record<Name, T[]> & { next_page_token?: string } {
  const bounds = { least: 0, most: 2 ** 31 - 1, fallback: 0 };
  const wanted = boundedInteger(query, 'max_results', bounds);
  const size = Math.min(wanted || largestPage, largestPage);
  const token = optionalText(query, 'page_token');
  const start = token === undefined ? 0 : Number(Buffer.from(token, 'base64url').toString());
  if (!Number.isInteger(start)) throw invalidParameter(`Invalid page token: ${token}`);
  const end = start + size;
  const next = end < all.length ? { next_page_token: Buffer.from(String(end)).toString('base64url') } : {};
  return { [name]: all.slice(start, end), ...next } as Record<Name, T[]> & { next_page_token?: string };
}

function partsOf(fullName: string, count: number): string[] {
  const parts = fullName.toLowerCase().split('.');
  if (parts.length !== count) throw invalidParameter(`'${fullName}' is not a name of ${count} parts.`);
  return parts;
}

function uuidFrom(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
}

import { notEmulated } from '../apiError.ts';
import { type Fields, bodyOf, optionalFlag, optionalText, queryOf, requiredText, textMap } from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import type { CatalogTree, NewPlace, Place } from './catalogTree.ts';
import { listReply } from './listReply.ts';
import type { SchemaContents } from './schemaContents.ts';
import { parseSchemaName } from './unityNames.ts';

/** Catalogs and schemas. */
export function addPlaceRoutes(
  on: AddRoute,
  base: string,
  tree: CatalogTree,
  contents: SchemaContents,
  metastoreId: string,
): void {
  const catalogInfo = (place: Place): Fields => ({
    ...placeInfo(place, place.name, metastoreId),
    catalog_type: 'MANAGED_CATALOG',
    securable_type: 'CATALOG',
    isolation_mode: 'OPEN',
  });
  on('GET', `${base}/catalogs`, (request) =>
    listReply('catalogs', tree.catalogs(), queryOf(request), (places) => places.map(catalogInfo)),
  );
  on('POST', `${base}/catalogs`, (request) => {
    const body = bodyOf(request);
    refuse(body, ['storage_root', 'provider_name', 'share_name', 'connection_name', 'options'], 'catalogs');
    return { body: catalogInfo(tree.createCatalog(newPlace(body))) };
  });
  on('GET', `${base}/catalogs/{name}`, ({ params }) => ({ body: catalogInfo(tree.catalog(params['name'] ?? '')) }));
  addSchemaRoutes(on, base, tree, contents, (catalog, place) => ({
    ...placeInfo(place, `${catalog}.${place.name}`, metastoreId),
    catalog_name: catalog,
    catalog_type: 'MANAGED_CATALOG',
    securable_type: 'SCHEMA',
  }));
}

function addSchemaRoutes(
  on: AddRoute,
  base: string,
  tree: CatalogTree,
  contents: SchemaContents,
  view: (catalog: string, place: Place) => Fields,
): void {
  on('GET', `${base}/schemas`, (request) => {
    const query = queryOf(request);
    const catalog = requiredText(query, 'catalog_name').toLowerCase();
    return listReply('schemas', tree.schemas(catalog), query, (places) => places.map((place) => view(catalog, place)));
  });
  on('POST', `${base}/schemas`, (request) => {
    const body = bodyOf(request);
    refuse(body, ['storage_root'], 'schemas');
    const catalog = requiredText(body, 'catalog_name').toLowerCase();
    return { body: view(catalog, tree.createSchema(catalog, newPlace(body))) };
  });
  on('GET', `${base}/schemas/{name}`, ({ params }) => {
    const { catalog, schema } = parseSchemaName(params['name'] ?? '');
    return { body: view(catalog, tree.schema(catalog, schema)) };
  });
  on('DELETE', `${base}/schemas/{name}`, (request) => {
    const { catalog, schema } = parseSchemaName(request.params['name'] ?? '');
    if (!optionalFlag(queryOf(request), 'force')) contents.requireEmpty(catalog, schema);
    contents.drop(catalog, schema);
    return { body: {} };
  });
}

function newPlace(body: Fields): NewPlace {
  const [comment, properties] = [optionalText(body, 'comment'), textMap(body, 'properties')];
  return { name: requiredText(body, 'name'), ...(comment && { comment }), ...(properties && { properties }) };
}

function refuse(body: Fields, fields: string[], what: string): void {
  const given = fields.find((field) => body[field] !== undefined);
  if (given !== undefined) throw notEmulated(`${what} with ${given}`);
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

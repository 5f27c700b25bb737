import { invalidParameter } from '../apiError.ts';
import { type Fields, boundedInteger, isFields, optionalFlag, optionalText, requiredText } from '../requestFields.ts';

/** What a person chooses for a warehouse, in the API's own names. */
export interface WarehouseSettings {
  name: string;
  cluster_size: string;
  auto_stop_mins: number;
  warehouse_type: string;
  enable_serverless_compute: boolean;
  enable_photon: boolean;
  spot_instance_policy: string;
  min_num_clusters: number;
  max_num_clusters: number;
  channel: { name: string };
  tags: { custom_tags: { key: string; value: string }[] };
}

const sizes = ['2X-Small', 'X-Small', 'Small', 'Medium', 'Large', 'X-Large', '2X-Large', '3X-Large', '4X-Large'];
const types = ['CLASSIC', 'PRO'];
const spotPolicies = ['COST_OPTIMIZED', 'RELIABILITY_OPTIMIZED'];
const channels = ['CHANNEL_NAME_CURRENT', 'CHANNEL_NAME_PREVIEW'];
const shortestStopMinutes = 10;
const clustersMost = 30;
const tagsMost = 44;

/** Reads and checks the settings of a new warehouse, or of one whose settings these change; bounds as databricks-sdk-py documents. */
export function readWarehouseSettings(given: Fields, before?: WarehouseSettings): WarehouseSettings {
  const fields: Fields = { ...before, ...given };
  const name = requiredText(fields, 'name');
  if (name.length >= 100) throw invalidParameter('The name of a SQL warehouse must be less than 100 characters.');
  const serverless = optionalFlag(fields, 'enable_serverless_compute');
  const type = oneOf(fields, 'warehouse_type', types, 'CLASSIC');
  if (serverless && type !== 'PRO') {
    throw invalidParameter('Serverless SQL warehouses require warehouse_type PRO.');
  }
  const least = boundedInteger(fields, 'min_num_clusters', { least: 1, most: clustersMost, fallback: 1 });
  return {
    name,
    cluster_size: oneOf(fields, 'cluster_size', sizes),
    auto_stop_mins: readAutoStop(fields, serverless),
    warehouse_type: type,
    enable_serverless_compute: serverless,
    enable_photon: optionalFlag(fields, 'enable_photon'),
    spot_instance_policy: oneOf(fields, 'spot_instance_policy', spotPolicies, 'COST_OPTIMIZED'),
    min_num_clusters: least,
    max_num_clusters: boundedInteger(fields, 'max_num_clusters', { least, most: clustersMost, fallback: least }),
    channel: { name: oneOf(isFields(fields['channel']) ? fields['channel'] : {}, 'name', channels, channels[0]) },
    tags: { custom_tags: readTags(fields['tags']) },
  };
}

function readAutoStop(fields: Fields, serverless: boolean): number {
  const minutes = boundedInteger(fields, 'auto_stop_mins', { least: 0, most: 1e6, fallback: 120 });
  if (!serverless && minutes > 0 && minutes < shortestStopMinutes) {
    throw invalidParameter(`auto_stop_mins must be 0 or at least ${shortestStopMinutes} for this SQL warehouse.`);
  }
  return minutes;
}

function readTags(tags: unknown): { key: string; value: string }[] {
  if (tags === undefined || tags === null) return [];
  const given = isFields(tags) ? (tags['custom_tags'] ?? []) : undefined;
  if (!Array.isArray(given)) throw invalidParameter('Field tags must be an object with custom_tags.');
  if (given.length > tagsMost) throw invalidParameter(`A SQL warehouse can have at most ${tagsMost} tags.`);
  return given.map((tag: unknown) => {
    if (!isFields(tag)) throw invalidParameter('Each of tags.custom_tags must have a key and a value.');
    return { key: requiredText(tag, 'key'), value: optionalText(tag, 'value') ?? '' };
  });
}

function oneOf(fields: Fields, name: string, allowed: string[], fallback?: string): string {
  const value = fallback === undefined ? requiredText(fields, name) : (optionalText(fields, name) ?? fallback);
  if (!allowed.includes(value))
    throw invalidParameter(`${value} is no valid ${name}; supported: ${allowed.join(', ')}.`);
  return value;
}

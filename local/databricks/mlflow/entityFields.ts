import { posix } from 'node:path';
import { type ApiError, invalidParameter, missingField } from '../apiError.ts';
import { type Fields, isFields } from '../requestFields.ts';
import type { DatasetInput, Int64, MetricEntry, MetricValue, Pair } from './entities.ts';

// The limits and the wording are those of MLflow's own stores (mlflow/utils/validation.py), which Databricks shares.
export const limits = {
  metricsPerBatch: 1000,
  paramsPerBatch: 100,
  tagsPerBatch: 100,
  entitiesPerBatch: 1000,
  batchBytes: 1_000_000,
  key: 250,
  paramValue: 6000,
  tagValue: 8000,
  experimentTagValue: 5000,
  registryTagValue: 5000,
  experimentName: 500,
  datasetsPerBatch: 1000,
  alias: 255,
};

const characters =
  'Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).';

/** A metric's, param's or tag's name; 400 when it is missing, too long or could escape as a path. */
export function readKey(fields: Fields, path: string, field = 'key'): string {
  const key = fields[field];
  if (key === undefined || key === null || key === '') throw missingField(path);
  if (typeof key !== 'string' || !/^[/\w.\- :]*$/u.test(key)) throw invalidValue(path, key, characters);
  const resolved = posix.normalize(key);
  if (resolved !== key || key === '.' || key.startsWith('..') || key.startsWith('/')) {
    const message = 'Names may be treated as files in certain cases, and must not resolve to other names when treated';
    throw invalidValue(path, key, `${message} as such. This name would resolve to '${resolved}'`);
  }
  return checkLength(key, path, limits.key);
}

/** A text, which may be empty; 400 when it is absent, of another type or too long. */
export function readValue(fields: Fields, path: string, most: number): string {
  const value = fields['value'];
  if (value === undefined || value === null) throw missingField(path);
  if (typeof value !== 'string') throw invalidValue(path, value, 'It must be a string.');
  return checkLength(value, path, most);
}

export function checkLength(text: string, path: string, most: number): string {
  if (text.length > most) throw invalidParameter(`'${path}' exceeds the maximum length of ${most} characters`);
  return text;
}

/** A list of objects under `name`; empty when absent, 400 when it is something else. */
export function listOf(fields: Fields, name: string): Fields[] {
  const list = fields[name] ?? [];
  if (!Array.isArray(list) || !list.every(isFields)) throw invalidParameter(`Field ${name} must be a list of objects.`);
  return list;
}

/** A list of texts under `name`; empty when absent, 400 when it is something else. */
export function textsOf(fields: Fields, name: string): string[] {
  const list = fields[name] ?? [];
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) {
    throw invalidParameter(`Field ${name} must be a list of strings.`);
  }
  return list;
}

/** Tags or params: pairs of a name and a text. */
export const readPairs = (fields: Fields, name: string, most: number): Pair[] =>
  listOf(fields, name).map((item, i) => ({
    key: readKey(item, `${name}[${i}].key`),
    value: readValue(item, `${name}[${i}].value`, most),
  }));

/** A metric's point; `path` is where it stands in the request, for messages. */
export function readMetric(fields: Fields, path = ''): MetricEntry {
  const key = readKey(fields, `${path}name`);
  const timestamp = readInt64(fields, 'timestamp', `${path}timestamp`);
  if (timestamp === undefined) throw missingField(`${path}timestamp`);
  if (timestamp < 0) throw invalidValue(`${path}timestamp`, timestamp, 'Timestamp must be a nonnegative long.');
  const step = readInt64(fields, 'step', `${path}step`) ?? 0;
  return { key, value: readDouble(fields['value'], `${path}value`), timestamp, step };
}

/** An int64 as a number or, in JSON of other clients, digits; undefined when absent. */
export function readInt64(fields: Fields, name: string, path = name): Int64 | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return undefined;
  const text = typeof value === 'string' || typeof value === 'bigint' || typeof value === 'number' ? `${value}` : '';
  const exact = /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
  if (exact === undefined || exact !== BigInt.asIntN(64, exact)) {
    throw invalidValue(path, value, 'It must be a 64-bit integer.');
  }
  const number = Number(exact);
  return Number.isSafeInteger(number) ? number : exact;
}

function readDouble(value: unknown, path: string): MetricValue {
  if (value === undefined || value === null) throw missingField(path);
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return value;
  if (typeof value === 'bigint') return Number(value);
  // A literal such as 1e999 is read as infinite.
  if (typeof value === 'number') return Number.isFinite(value) ? value : value > 0 ? 'Infinity' : '-Infinity';
  throw invalidValue(path, value, 'Please specify value as a valid double (64-bit floating point)');
}

export function readDatasets(fields: Fields): DatasetInput[] {
  const inputs = listOf(fields, 'datasets');
  if (inputs.length > limits.datasetsPerBatch) throw tooMany('datasets', limits.datasetsPerBatch, inputs.length);
  return inputs.map((input, i) => {
    const given = input['dataset'];
    const dataset = isFields(given) ? given : {};
    for (const name of ['name', 'digest', 'source_type', 'source']) {
      if (typeof dataset[name] !== 'string') throw missingField(`datasets[${i}].dataset.${name}`);
    }
    const texts = Object.entries(dataset).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    return { tags: readPairs(input, 'tags', 500), dataset: Object.fromEntries(texts) };
  });
}

export const tooMany = (what: string, most: number, given: number): ApiError =>
  invalidParameter(
    `A batch logging request can contain at most ${most} ${what}. Got ${given} ${what}. ` +
      `Please split up ${what} across multiple requests and try again.`,
  );

const invalidValue = (path: string, value: unknown, message: string): ApiError =>
  invalidParameter(`Invalid value ${shown(value)} for parameter '${path}' supplied: ${message}`);

const shown = (value: unknown): string =>
  typeof value === 'bigint' ? `${value}` : JSON.stringify(value).slice(0, 500);

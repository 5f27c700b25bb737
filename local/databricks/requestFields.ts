import type { ApiRequest } from '../kit/router.ts';
import { invalidParameter, malformedRequest, missingField } from './apiError.ts';

export type Fields = Record<string, unknown>;

/** The request's JSON object; 400 when the body is something else. */
export function bodyOf(request: ApiRequest): Fields {
  if (request.body === undefined || request.body === '') return {};
  if (!isFields(request.body)) throw malformedRequest('Could not parse request object: Expected START_OBJECT');
  return request.body;
}

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The query's parameters as fields, for operations that read the same names from either place. */
export const queryOf = (request: ApiRequest): Fields => Object.fromEntries(request.query);

/** A text field; undefined when absent or empty, 400 when it is no text. */
export function optionalText(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw invalidParameter(`Field ${name} must be a string.`);
  return value;
}

export function requiredText(fields: Fields, name: string): string {
  const value = optionalText(fields, name);
  if (value === undefined) throw missingField(name);
  return value;
}

/** An int64 id as text without loss; the API takes numbers and strings of digits. */
export function optionalId(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return undefined;
  const text = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? `${value}` : '';
  if (!/^-?\d+$/.test(text)) throw invalidParameter(`Field ${name} must be an int64.`);
  return text;
}

export function requiredId(fields: Fields, name: string): string {
  const value = optionalId(fields, name);
  if (value === undefined) throw missingField(name);
  return value;
}

export function optionalFlag(fields: Fields, name: string): boolean {
  const value = fields[name];
  // Python clients write booleans in queries with a capital letter.
  if (value === true || (typeof value === 'string' && value.toLowerCase() === 'true')) return true;
  if (value === undefined || value === false || (typeof value === 'string' && /^(false)?$/i.test(value))) return false;
  throw invalidParameter(`Field ${name} must be a boolean.`);
}

/** A whole number within bounds; `fallback` when absent, 400 outside. */
export function boundedInteger(
  fields: Fields,
  name: string,
  bounds: { least: number; most: number; fallback: number },
): number {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return bounds.fallback;
  const number = Number(value);
  if (!Number.isInteger(number) || number < bounds.least || number > bounds.most) {
    throw invalidParameter(`Field ${name} must be a whole number between ${bounds.least} and ${bounds.most}.`);
  }
  return number;
}

/** A map of texts, such as notebook parameters; 400 when a value is no text. */
export function textMap(fields: Fields, name: string): Record<string, string> | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (!isFields(value)) throw invalidParameter(`Field ${name} must be a map.`);
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== 'string') throw invalidParameter(`Field ${name}.${key} must be a string.`);
  }
  return value as Record<string, string>;
}

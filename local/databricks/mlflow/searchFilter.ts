import { type ApiError, invalidParameter } from '../apiError.ts';

export type EntityKind = 'metric' | 'parameter' | 'tag' | 'attribute' | 'dataset';

/** One comparison of a filter; comparisons are joined by AND only. */
export interface Comparison {
  kind: EntityKind;
  key: string;
  comparator: string;
  value: string | number | string[];
}

/** What a search lets its filter name. */
export interface SearchGrammar {
  kinds: EntityKind[];
  textAttributes: string[];
  numberAttributes: string[];
  /** Attributes that may be compared with a list by IN. */
  listAttributes: string[];
}

export interface Ordering {
  kind: EntityKind;
  key: string;
  ascending: boolean;
}

const numberComparators = ['=', '!=', '>', '>=', '<', '<='];
const textComparators = ['=', '!=', 'LIKE', 'ILIKE'];

/** The prefixes of names; without one it is an attribute. */
const prefixes: Record<EntityKind, string[]> = {
  metric: ['metric', 'metrics'],
  parameter: ['parameter', 'parameters', 'param', 'params'],
  tag: ['tag', 'tags'],
  attribute: ['attribute', 'attributes', 'attr', 'run'],
  dataset: ['dataset', 'datasets'],
};

// A name is plain, or has a part in backticks or quotes; then a comparator, a list, a text or a number.
const part = String.raw`(?:[\w/-]+|\x60[^\x60]*\x60|"[^"]*")`;
const number = String.raw`[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?`;
const comparison = new RegExp(
  String.raw`^\s*(${part}(?:\.${part})*)\s*(!=|>=|<=|=|>|<|(?:NOT\s+)?IN\b|I?LIKE\b)\s*` +
    String.raw`(\([^()]*\)|'[^']*'|"[^"]*"|${number}(?![\w.])|[^\s]+)`,
  'i',
);

/** Reads MLflow's filter language: comparisons joined by AND. 400, in the words of MLflow's client, for anything else. */
export function parseFilter(text: string | undefined, grammar: SearchGrammar): Comparison[] {
  const comparisons: Comparison[] = [];
  let rest = text ?? '';
  while (rest.trim() !== '') {
    const found = comparison.exec(rest);
    const [whole = '', name = '', comparator = '', value = ''] = found ?? [];
    if (!found) throw invalidParameter(`Invalid clause(s) in filter string: '${rest.trim()}'`);
    comparisons.push(readComparison(name, comparator.toUpperCase().replace(/\s+/g, ' '), value, grammar));
    rest = rest.slice(whole.length);
    const and = /^\s+AND\s+(?=\S)/i.exec(rest);
    if (!and && rest.trim() !== '') throw invalidParameter(`Invalid clause(s) in filter string: '${rest.trim()}'`);
    rest = rest.slice(and?.[0].length ?? rest.length);
  }
  return comparisons;
}

/** Reads `metrics.loss DESC`; ascending when no direction is given. */
export function parseOrder(text: string, grammar: SearchGrammar): Ordering {
  const [, name, direction = 'ASC'] =
    new RegExp(String.raw`^\s*(${part}(?:\.${part})*)(?:\s+(ASC|DESC))?\s*$`, 'i').exec(text) ?? [];
  if (name === undefined) throw invalidParameter(`Invalid order_by clause '${text}'. Could not be parsed.`);
  return { ...readName(name, grammar), ascending: direction.toUpperCase() === 'ASC' };
}

function readName(name: string, { kinds, ...attributes }: SearchGrammar): { kind: EntityKind; key: string } {
  const [, prefix = 'attribute', quoted = ''] = new RegExp(String.raw`^(?:(\w+|\x60\w+\x60)\.)?(.+)$`).exec(name) ?? [];
  const kind = kinds.find((known) => prefixes[known].includes(unquoted(prefix)));
  if (!kind) {
    throw invalidParameter(`Invalid entity type '${unquoted(prefix)}'. Valid values are ['${kinds.join("', '")}']`);
  }
  const key = kind === 'attribute' ? alias(unquoted(quoted)) : unquoted(quoted);
  const known = [...attributes.textAttributes, ...attributes.numberAttributes];
  if (kind === 'attribute' && !known.includes(key)) {
    throw invalidParameter(`Invalid attribute key '${key}' specified. Valid keys are '${known.join("', '")}'`);
  }
  if (kind === 'dataset' && !datasetKeys.includes(key)) {
    throw invalidParameter(`Invalid dataset key '${key}' specified. Valid keys are '${datasetKeys.join("', '")}'`);
  }
  return { kind, key };
}

const datasetKeys = ['name', 'digest', 'context'];
const alias = (key: string): string =>
  /^created$/i.test(key) ? 'start_time' : /^run name$/i.test(key) ? 'run_name' : key;

function readComparison(name: string, comparator: string, value: string, grammar: SearchGrammar): Comparison {
  const { kind, key } = readName(name, grammar);
  const isNumber = kind === 'metric' || (kind === 'attribute' && grammar.numberAttributes.includes(key));
  const takesList = kind === 'dataset' || (kind === 'attribute' && grammar.listAttributes.includes(key));
  const valid = isNumber ? numberComparators : [...textComparators, ...(takesList ? ['IN', 'NOT IN'] : [])];
  if (!valid.includes(comparator)) {
    throw invalidParameter(`Invalid comparator '${comparator}' not one of '${valid.join("', '")}'`);
  }
  if (comparator.endsWith('IN')) return { kind, key, comparator, value: readList(value) };
  if (isNumber) {
    if (!new RegExp(`^${number}$`).test(value)) {
      throw invalidParameter(`Expected numeric value type for ${kind === 'metric' ? kind : key}. Found ${value}`);
    }
    return { kind, key, comparator, value: Number(value) };
  }
  if (!/^(['"]).*\1$/s.test(value)) throw quoteMissing(kind, value);
  return { kind, key, comparator, value: value.slice(1, -1) };
}

const quoteMissing = (kind: EntityKind, value: string): ApiError =>
  invalidParameter(`Expected a quoted string value for ${kind} (e.g. 'my-value'). Got value ${value}`);

function readList(value: string): string[] {
  const inner = /^\(\s*((?:'[^']*'|"[^"]*")(?:\s*,\s*(?:'[^']*'|"[^"]*"))*)\s*,?\s*\)$/.exec(value)?.[1];
  if (inner === undefined) {
    throw invalidParameter(
      'While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.',
    );
  }
  return [...inner.matchAll(/'([^']*)'|"([^"]*)"/g)].map(([, single, double]) => single ?? double ?? '');
}

const unquoted = (text: string): string => (/^(?:`.*`|".*")$/.test(text) ? text.slice(1, -1) : text);

import { HostError } from '../hostError.ts';
import type { RouteConstraint } from './routeConstraint.ts';
import { routeConstraint } from './routeConstraint.ts';

/** A route of a function as ASP.NET reads it: `items/{category}/{id:int?}`, `{name}.{ext}`, `{*rest}`. */
export interface RouteTemplate {
  /** The values of the parameters when `path` fits; a missing optional one is absent. */
  match(path: string): Record<string, string> | undefined;
}

interface Parameter {
  name: string;
  isCatchAll: boolean;
  isOptional: boolean;
  fallback: string | undefined;
  constraints: RouteConstraint[];
}

type Part = string | Parameter;
type Segment = readonly Part[];

/** Parses a route template; throws a HostError when ASP.NET would not take it. */
export function parseRoute(template: string): RouteTemplate {
  const pieces = splitOutsideBraces(template.replace(/^~?\/|\/$/g, ''), '/');
  const isEmpty = pieces.length === 1 && pieces[0] === '';
  if (!isEmpty && pieces.includes(''))
    throw new HostError(`The route "${template}" has two slashes in a row: leave one out, as the real host wants it.`);
  const segments = isEmpty ? [] : pieces.map((text) => parseSegment(text, template));
  return { match: (path) => matchSegments(segments, path) };
}

function splitOutsideBraces(text: string, separator: string): string[] {
  const pieces = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '{' || character === '(') depth++;
    if (character === '}' || character === ')') depth--;
    if (character === separator && depth === 0) pieces.push('');
    else pieces[pieces.length - 1] += character;
  }
  return pieces;
}

function parseSegment(text: string, template: string): Segment {
  const parts: Part[] = [];
  // Doubled braces stand for themselves.
  const pieces = text.matchAll(/\{((?:\{\{|\}\}|[^{}])+)\}|((?:\{\{|\}\}|[^{}])+)/g);
  for (const [, parameter, literal = ''] of pieces)
    parts.push(parameter === undefined ? unescape(literal) : parseParameter(unescape(parameter), template));
  return parts;
}

function unescape(text: string): string {
  return text.replaceAll('{{', '{').replaceAll('}}', '}');
}

function parseParameter(text: string, template: string): Parameter {
  const [, stars = '', rest = ''] = /^(\*{0,2})([^]*)$/.exec(text) ?? [];
  const [declared = '', ...defaults] = splitOutsideBraces(rest, '=');
  const fallback = defaults.length > 0 ? defaults.join('=') : undefined;
  const isOptional = declared.endsWith('?') && fallback === undefined;
  const [name = '', ...constraints] = splitOutsideBraces(isOptional ? declared.slice(0, -1) : declared, ':');
  return {
    name,
    isCatchAll: stars !== '',
    isOptional,
    fallback,
    constraints: constraints.map((constraint) => {
      const known = routeConstraint(constraint);
      if (!known) throw new HostError(`The route constraint "${constraint}" of "${template}" is not known.`);
      return known;
    }),
  };
}

function matchSegments(segments: readonly Segment[], path: string): Record<string, string> | undefined {
  const trimmed = path.replace(/^\/|\/$/g, '');
  const given = trimmed === '' ? [] : trimmed.split('/');
  const values: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const only = segment.length === 1 && typeof segment[0] === 'object' ? segment[0] : undefined;
    if (only?.isCatchAll) return take(only, given.slice(index).join('/'), values) ? values : undefined;
    const part = given[index];
    if (part === undefined && only && (only.isOptional || only.fallback !== undefined)) take(only, '', values);
    else if (part === undefined || part === '' || !matchSegment(segment, decodePart(part), values)) return undefined;
  }
  return given.length > segments.length ? undefined : values;
}

function matchSegment(segment: Segment, part: string, values: Record<string, string>): boolean {
  const [first] = segment;
  if (segment.length === 1 && typeof first === 'object') return take(first, part, values);
  // `{name}.{ext?}` also fits without the dot.
  const [separator, last] = segment.slice(-2);
  if (matchParts(segment, part, values)) return true;
  const mayLackEnd = separator === '.' && typeof last === 'object' && last.isOptional;
  return mayLackEnd && matchParts(segment.slice(0, -2), part, values);
}

function matchParts(parts: Segment, text: string, values: Record<string, string>): boolean {
  const [first] = parts;
  if (parts.length === 1 && typeof first === 'string') return first.toLowerCase() === text.toLowerCase();
  const pattern = parts.map((part) => (typeof part === 'string' ? escaped(part) : '(.+)')).join('');
  const found = new RegExp(`^${pattern}$`, 'is').exec(text);
  if (!found) return false;
  const parameters = parts.filter((part) => typeof part === 'object');
  return parameters.every((parameter, index) => take(parameter, found[index + 1] ?? '', values));
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function take(parameter: Parameter, given: string, values: Record<string, string>): boolean {
  const text = parameter.isCatchAll ? decodePart(given) : given;
  const value = text === '' ? parameter.fallback : text;
  if (value === undefined) return true;
  if (!parameter.constraints.every((fits) => fits(value))) return false;
  values[parameter.name] = value;
  return true;
}

/** A path as Kestrel decodes it: an encoded slash stays encoded, and what is not valid UTF-8 stays as it is. */
export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part.replace(/%2f/gi, (slash) => `%25${slash.slice(1)}`));
  } catch {
    return part;
  }
}

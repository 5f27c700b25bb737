/** A route of a function: `items/{category}/{id:int?}`, `{*rest}`. */
export interface RouteTemplate {
  /** The values of the parameters when `path` fits; a missing optional one is absent. */
  match(path: string): Record<string, string> | undefined;
  /** Compares by specificity: literal before constrained before plain parameter before catch-all. */
  rank: string;
}

interface Segment {
  kind: 'literal' | 'parameter' | 'catchAll';
  name: string;
  optional: boolean;
  fallback: string | undefined;
  constraint: RegExp | undefined;
}

const constraints: Record<string, RegExp> = {
  int: /^-?\d+$/,
  long: /^-?\d+$/,
  bool: /^(true|false)$/i,
  decimal: /^-?\d+(\.\d+)?$/,
  double: /^-?\d+(\.\d+)?$/,
  float: /^-?\d+(\.\d+)?$/,
  guid: /^\{?[\da-f]{8}-?([\da-f]{4}-?){3}[\da-f]{12}\}?$/i,
  alpha: /^[a-z]+$/i,
};

/** Parses a route template; throws on a constraint that is not known. */
export function parseRoute(template: string): RouteTemplate {
  const segments = splitPath(template).map(parseSegment);
  const ranks = { literal: '0', catchAll: '3' };
  const rank = segments
    .map((one) => (one.kind === 'parameter' ? (one.constraint ? '1' : '2') : ranks[one.kind]))
    .join('');
  return { rank, match: (path) => matchSegments(segments, path) };
}

function splitPath(path: string): string[] {
  return path.replace(/^\/|\/$/g, '').split('/');
}

function parseSegment(text: string): Segment {
  const parsed = /^\{(\*{0,2})(\w+)(?::([^=?}]+))?(?:=([^?}]*))?(\?)?\}$/.exec(text);
  const none = { optional: false, fallback: undefined, constraint: undefined };
  if (!parsed) return { kind: 'literal', name: text.toLowerCase(), ...none };
  const [, stars, name = '', constraint, fallback, mark] = parsed;
  const optional = mark === '?' || fallback !== undefined;
  if (stars) return { ...none, kind: 'catchAll', name, optional: true };
  return { kind: 'parameter', name, optional, fallback, constraint: constraint ? constraintOf(constraint) : undefined };
}

function constraintOf(text: string): RegExp {
  const [, name = '', argument = ''] = /^(\w+)(?:\((.*)\))?$/.exec(text) ?? [];
  const simple = constraints[name];
  if (simple) return simple;
  if (name === 'regex') return new RegExp(argument, 'i');
  const [low = '', high = low] = argument.split(',').map((part) => part.trim());
  if (name === 'length') return new RegExp(`^.{${low},${high}}$`);
  if (name === 'minlength') return new RegExp(`^.{${low},}$`);
  if (name === 'maxlength') return new RegExp(`^.{0,${low}}$`);
  throw new Error(`The route constraint "${text}" is not known.`);
}

function matchSegments(segments: readonly Segment[], path: string): Record<string, string> | undefined {
  const parts = splitPath(path);
  const values: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    if (segment.kind === 'catchAll') {
      const rest = parts.slice(index).join('/');
      if (rest) values[segment.name] = decode(rest);
      return values;
    }
    const part = parts[index];
    if (!matchSegment(segment, part, values)) return undefined;
  }
  return parts.length > segments.length ? undefined : values;
}

function matchSegment(segment: Segment, part: string | undefined, values: Record<string, string>): boolean {
  if (segment.kind === 'literal') return part !== undefined && decode(part).toLowerCase() === segment.name;
  if (part === undefined) {
    if (segment.fallback !== undefined) values[segment.name] = segment.fallback;
    return segment.optional;
  }
  const value = decode(part);
  if (value === '' || (segment.constraint && !segment.constraint.test(value))) return false;
  values[segment.name] = value;
  return true;
}

// An encoded slash stays encoded, as in ASP.NET; what is not valid UTF-8 stays as it is.
function decode(part: string): string {
  try {
    return decodeURIComponent(part.replace(/%2f/gi, '%252F'));
  } catch {
    return part;
  }
}

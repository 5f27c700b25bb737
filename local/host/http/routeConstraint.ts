/** Whether a value that the path gives for a parameter fits. */
export type RouteConstraint = (value: string) => boolean;

const int32 = { low: -(2n ** 31n), high: 2n ** 31n - 1n };
const int64 = { low: -(2n ** 63n), high: 2n ** 63n - 1n };

const simple: Record<string, RouteConstraint> = {
  int: (value) => isInteger(value, int32),
  long: (value) => isInteger(value, int64),
  bool: (value) => /^\s*(true|false)\s*$/i.test(value),
  datetime: (value) =>
    /^(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\/\d{1,2}\/\d{4})/.test(value) && !Number.isNaN(Date.parse(value)),
  decimal: (value) => /^[-+]?(\d[\d,]*\.?\d*|\.\d+)$/.test(value),
  double: isFloat,
  float: isFloat,
  guid: (value) => isGuid(value),
  alpha: (value) => /^[a-z]*$/i.test(value),
  required: (value) => value !== '',
  file: isFile,
  nonfile: (value) => !isFile(value),
};

/** The inline constraint of that text, such as `int` or `range(1,9)`; undefined when ASP.NET has none of the name. */
export function routeConstraint(text: string): RouteConstraint | undefined {
  const [, name = '', argument] = /^([^(]+)(?:\(([^]*)\))?$/.exec(text) ?? [];
  if (argument === undefined) return simple[name.toLowerCase()];
  const [first = '', second = first] = argument.split(',').map((part) => part.trim());
  switch (name.toLowerCase()) {
    case 'length':
      return (value) => value.length >= Number(first) && value.length <= Number(second);
    case 'minlength':
      return (value) => value.length >= Number(first);
    case 'maxlength':
      return (value) => value.length <= Number(first);
    case 'min':
      return (value) => isInteger(value, { low: BigInt(first), high: int64.high });
    case 'max':
      return (value) => isInteger(value, { low: int64.low, high: BigInt(first) });
    case 'range':
      return (value) => isInteger(value, { low: BigInt(first), high: BigInt(second) });
    case 'regex': {
      const pattern = new RegExp(argument, 'i');
      return (value) => pattern.test(value);
    }
    default:
      return undefined;
  }
}

function isInteger(value: string, { low, high }: { low: bigint; high: bigint }): boolean {
  const [, sign = '', digits] = /^\s*([-+]?)(\d+)\s*$/.exec(value) ?? [];
  if (digits === undefined) return false;
  const number = sign === '-' ? -BigInt(digits) : BigInt(digits);
  return number >= low && number <= high;
}

function isFloat(value: string): boolean {
  return /^[-+]?(\d[\d,]*\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(value);
}

function isGuid(value: string): boolean {
  const bare = /^\{(.*)\}$|^\((.*)\)$/.exec(value);
  const dashed = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
  return bare ? dashed.test(bare[1] ?? bare[2] ?? '') : dashed.test(value) || /^[\da-f]{32}$/i.test(value);
}

// The last segment has a dot with something behind it.
function isFile(value: string): boolean {
  return /\.[^/]+$/.test(value.slice(value.lastIndexOf('/') + 1));
}

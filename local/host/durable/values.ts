import type { TypedData } from '../core/appRegistry.ts';

const int64Limits = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** The JSON text that .NET records for what a function returned; null for nothing. */
export function resultJson(data: TypedData | null | undefined): string | null {
  if (!data) return null;
  if (data.string !== undefined) return JSON.stringify(data.string);
  if (data.json !== undefined) return data.json === 'null' ? null : data.json;
  if (data.bytes !== undefined) return JSON.stringify(Buffer.from(data.bytes).toString('base64'));
  if (data.int !== undefined) return int64Text(data.int);
  if (data.double !== undefined) return doubleText(data.double);
  return null;
}

// Integers go over the wire as int64, where larger ones stick at the limit.
function int64Text(value: number): string {
  const exact = BigInt(value);
  if (exact > int64Limits.max) return String(int64Limits.max);
  return String(exact < int64Limits.min ? int64Limits.min : exact);
}

// JSON has no NaN and no infinities, so .NET writes their names as texts.
function doubleText(value: number): string {
  return Number.isFinite(value) ? JSON.stringify(value) : JSON.stringify(String(value));
}

/** What an activity's trigger binding receives for the input that the orchestrator gave (JSON text or null). */
export function activityInput(json: string | null): TypedData | null {
  if (json === null) return null;
  const value: unknown = JSON.parse(json);
  if (value === null) return null;
  if (typeof value === 'string') return { string: value };
  // .NET turns a bare boolean into its own text, which is not JSON: the handler gets "True" or "False".
  if (typeof value === 'boolean') return { string: dotNetBoolean(value) };
  return { string: json };
}

/** A boolean as .NET turns it into text. */
export function dotNetBoolean(value: boolean): string {
  return value ? 'True' : 'False';
}

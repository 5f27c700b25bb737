import { errorTable } from '../../domain/errorTable.ts';

/** What code says of itself where nobody has looked at what it was given. */
export const bareWords =
  /Cannot (?:read|set|destructure|convert)|is not (?:a function|iterable)|\b(?:Type|Range|Reference)Error\b|\[object |STEP_CRASHED/;

interface Told {
  code: string;
  message: string;
  cause?: string | undefined;
}

/** What is wrong with a failure that a malformed answer may end with. */
export function faultOf(failure: Told): string | undefined {
  if (!(failure.code in errorTable)) return `has a code that is not in the table: ${failure.code}`;
  const words = `${failure.code} ${failure.message} ${failure.cause ?? ''}`;
  return bareWords.test(words) ? `tells of the code: ${words}` : undefined;
}

import type { InvocationContext } from '@azure/functions';

/** A line in the log for a state that nobody knew when this was written: the step takes it for work in progress. */
export function warnOfState(
  ctx: Pick<InvocationContext, 'warn'> | undefined,
  what: string,
  state: string,
  known: ReadonlySet<string>,
): void {
  if (!known.has(state)) ctx?.warn(JSON.stringify({ evt: 'state.unknown', what, state: state.slice(0, 100) }));
}

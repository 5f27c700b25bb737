import type { HistoryEvent } from './protocol.ts';
import { eventType } from './protocol.ts';
import type { Outcome, ReplayResult } from './replayResult.ts';
import type { OrchestratorAnswer } from './orchestratorCall.ts';

/** How an instance ends; texts are JSON. */
export interface Ending {
  status: 'Completed' | 'Failed' | 'Terminated';
  output: string | null;
  /** For the parent, when it failed. */
  reason: string;
  details: string;
}

/** The end that an outcome means for the orchestrator of that name; undefined while it goes on. */
export function endingOf(name: string, outcome: Outcome): Ending | undefined {
  switch (outcome.kind) {
    case 'completed':
      return { status: 'Completed', output: json(outcome.output), reason: '', details: '' };
    case 'failed': {
      const reason = `Orchestrator function '${name}' failed: ${outcome.reason}`;
      return failure(reason, `Message: ${outcome.reason}, StackTrace: `);
    }
    case 'nonDeterministic':
      return failure(outcome.reason, '');
    default:
      return undefined;
  }
}

function failure(reason: string, details: string): Ending {
  return { status: 'Failed', output: JSON.stringify(reason), reason, details };
}

/** The end that the termination among `events` brings; undefined when there is none. */
export function terminationIn(events: readonly HistoryEvent[]): Ending | undefined {
  const event = events.find((one) => one.EventType === eventType.executionTerminated);
  if (!event) return undefined;
  const reason = event.Input ?? null;
  return { status: 'Terminated', output: json(reason), reason: reason ?? '', details: '' };
}

function json(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}

/** What the real host would run wrongly, or for ever, in this step: sentences for the author of the orchestrator. */
export function faultsOf(answer: OrchestratorAnswer, result: ReplayResult): string[] {
  const { state, sdkIds } = answer;
  const faults = [...result.faults];
  if (answer.threwNoError)
    faults.push(
      'The orchestrator threw something that is not an Error with a message: it would stay Running for ever.',
    );
  if (result.suspended || state.isDone || state.error) return faults;
  if (sdkIds !== undefined && result.idsUsed > sdkIds)
    faults.push(
      'A task that was yielded before is part of a new Task.all or Task.any: the real host schedules it again and may ' +
        'give its result to another task. Yield each task in one expression only.',
    );
  else if (faults.length === 0 && result.outcome.kind === 'running' && result.waitsForNothing)
    faults.push('The orchestrator waits for nothing that can still happen: it would stay Running for ever.');
  return faults;
}

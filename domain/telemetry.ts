/** What is told about a deployment, or the removal of one, when it is over. */
export interface ReportInput {
  /** The deployment's id. */
  deployment: string;
  attempt: number;
  accelerator: string;
  operation: 'deploy' | 'destroy';
  outcome: 'succeeded' | 'failed' | 'cancelled';
  /** Why it did not succeed. */
  code?: string;
  /** Times are ISO 8601. */
  startedAt: string;
  endedAt: string;
  steps: StepReport[];
}

export interface StepReport {
  name: string;
  /** As in the status: `done`, `failed`, `cancelled`, `kept` from an earlier attempt, `pending`, or what it was at when the rest ended. */
  state: string;
  tries: number;
  startedAt?: string;
  endedAt?: string;
  waitedSeconds: number;
  code?: string;
}

/** An event as telemetry knows it: texts to filter by, numbers to count with. */
export interface TelemetryEvent {
  name: 'step.finished' | 'deployment.finished';
  properties: Record<string, string>;
  measurements: Record<string, number>;
}

/** One event per step that was begun or kept, in their order, then one for the whole; the same input gives the same events. */
export function telemetryEvents(report: ReportInput): TelemetryEvent[] {
  const { deployment, attempt, accelerator, operation, outcome, code, startedAt, endedAt } = report;
  const common = { deployment, attempt: String(attempt), operation, accelerator };
  // The start is in it, because attempts are counted anew when the backend has forgotten the earlier ones.
  const eventId = (part: string): string => `${deployment}/${operation}/${attempt}/${startedAt}/${part}`;
  const begun = report.steps.filter(({ state }) => state !== 'pending');
  const steps = begun.map((step): TelemetryEvent => ({
    name: 'step.finished',
    properties: {
      ...common,
      step: step.name,
      outcome: outcomeOf(step),
      ...(step.code !== undefined && { code: step.code }),
      eventId: eventId(step.name),
    },
    measurements: {
      durationMs: step.startedAt === undefined ? 0 : between(step.startedAt, step.endedAt ?? endedAt),
      waitedSeconds: step.waitedSeconds,
      tries: step.tries,
    },
  }));
  const whole: TelemetryEvent = {
    name: 'deployment.finished',
    properties: { ...common, outcome, ...(code !== undefined && { code }), eventId: eventId('deployment') },
    measurements: {
      durationMs: between(startedAt, endedAt),
      // Waits of steps that go side by side are both counted.
      waitedSeconds: sum(begun.map(({ waitedSeconds }) => waitedSeconds)),
      tries: sum(begun.map(({ tries }) => tries)),
    },
  };
  return [...steps, whole];
}

const ends = new Set(['failed', 'cancelled', 'kept']);

function outcomeOf({ state }: StepReport): string {
  if (state === 'done') return 'succeeded';
  return ends.has(state) ? state : 'unfinished';
}

const between = (startedAt: string, endedAt: string): number =>
  Math.max(0, new Date(endedAt).getTime() - new Date(startedAt).getTime());

const sum = (numbers: number[]): number => Math.round(numbers.reduce((total, one) => total + one, 0) * 10) / 10;

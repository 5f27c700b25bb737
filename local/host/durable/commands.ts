/** Work that an orchestrator asked for and that its history does not hold yet. */
export type Command =
  | { kind: 'activity'; id: number; name: string; input: unknown }
  | { kind: 'timer'; id: number; fireAtMs: number }
  | {
      kind: 'subOrchestration';
      id: number;
      name: string;
      instanceId: string;
      version: string | null;
      /** JSON text. */
      input: string | null;
    };

/** The names of the .NET classes, which the texts about non-determinism carry. */
export const commandClass: Record<Command['kind'], string> = {
  activity: 'ScheduleTaskOrchestratorAction',
  timer: 'CreateTimerOrchestratorAction',
  subOrchestration: 'CreateSubOrchestrationAction',
};

const tail = 'Was a change made to the orchestrator code after this instance had already started running?';

interface Scheduled {
  kind: Command['kind'];
  id: number;
  name?: string | undefined;
  version?: string | null | undefined;
  instanceId?: string | undefined;
}

/** The extension's text for a scheduled event that the replay contradicts; undefined when they agree. */
export function contradiction(event: Scheduled, command: Command | undefined): string | undefined {
  const past = 'Non-Deterministic workflow detected: A previous execution of this orchestration scheduled';
  if (!command) return `${past} ${missing(event)} ${tail}`;
  const what = noun(event);
  const named = event.kind === 'timer' ? '' : ` named '${event.name}'`;
  if (command.kind !== event.kind)
    return `${past} ${what} with sequence number ${event.id}${named}, but the current orchestration replay instead produced a ${commandClass[command.kind]} action with this sequence number. ${tail}`;
  if (command.kind === 'timer' || command.name.toLowerCase() === event.name?.toLowerCase()) return undefined;
  return `${past} ${what} with sequence number ${event.id}${named}, but the current orchestration replay instead scheduled ${what} named '${command.name}' with this sequence number. ${tail}`;
}

function noun(event: Scheduled): string {
  if (event.kind === 'timer') return 'a timer task';
  return event.kind === 'activity' ? 'an activity task' : 'a sub-orchestration task';
}

function missing(event: Scheduled): string {
  const nothing = "but the current replay execution hasn't (yet?) scheduled this task.";
  if (event.kind === 'timer') return `a timer task with sequence number ${event.id} ${nothing}`;
  const instance = event.kind === 'activity' ? '' : `, instance ID '${event.instanceId}'`;
  return `${noun(event)} with sequence ID ${event.id} and name '${event.name}' (version '${event.version ?? ''}'${instance}), ${nothing}`;
}

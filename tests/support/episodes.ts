import { fileURLToPath } from 'node:url';
import type { AppRegistry, RegisteredFunction } from '../../local/host/core/appRegistry.ts';
import { loadApp } from '../../local/host/core/loadApp.ts';
import { eventType, type HistoryEvent } from '../../local/host/durable/protocol.ts';

/** One call of an orchestrator, both sides as text: what it gets is written into while it runs. */
export interface Episode {
  orchestrator: string;
  payload: string;
  /** What it answered, or what it threw. */
  answer: string;
}

/** The part of a payload that a test looks at. */
export interface Payload {
  instanceId: string;
  history: HistoryEvent[];
}

/** The built app, as every host of this process runs it. */
export const builtApp = (): Promise<AppRegistry> => loadApp(fileURLToPath(new URL('../..', import.meta.url)));

/** The orchestrators among an app's functions. */
export const orchestratorsOf = (app: AppRegistry): RegisteredFunction[] =>
  [...app.functions.values()].filter(({ trigger }) => trigger.type.toLowerCase() === 'orchestrationtrigger');

/** Every call of an orchestrator from now on, also those whose history the next generation or attempt replaces. */
export function watchEpisodes(app: AppRegistry): Episode[] {
  const seen: Episode[] = [];
  for (const target of orchestratorsOf(app)) {
    const { name: orchestrator, callback } = target;
    target.callback = async (trigger, context) => {
      const payload = JSON.stringify(trigger);
      try {
        const state = await callback(trigger, context);
        seen.push({ orchestrator, payload, answer: JSON.stringify(state) });
        return state;
      } catch (error) {
        seen.push({ orchestrator, payload, answer: String(error) });
        throw error;
      }
    };
  }
  return seen;
}

/** What the orchestrator of that app answers now to what it once got. */
export async function answerOf(app: AppRegistry, { orchestrator, payload }: Episode): Promise<string> {
  const target = app.functions.get(orchestrator);
  if (!target) throw new Error(`the app has no orchestrator ${orchestrator}`);
  try {
    return JSON.stringify(await target.callback(JSON.parse(payload), {}));
  } catch (error) {
    return String(error);
  }
}

/** The histories of a deployment and its children, each as its orchestrator saw it last, in the order in which they began. */
export function historiesOf(episodes: Episode[], id: string): HistoryEvent[][] {
  const histories = new Map<string, HistoryEvent[]>();
  for (const { payload } of episodes) {
    const { instanceId, history } = JSON.parse(payload) as Payload;
    const { InstanceId, ExecutionId } = beginningOf(history).OrchestrationInstance ?? {};
    if (instanceId.startsWith(id)) histories.set(`${InstanceId} ${ExecutionId}`, history);
  }
  return [...histories.values()];
}

/** The event by which an execution began: its orchestrator's name, version and input. */
export function beginningOf(history: HistoryEvent[]): HistoryEvent {
  const began = history.find(({ EventType }) => EventType === eventType.executionStarted);
  if (!began) throw new Error('the history has no beginning');
  return began;
}

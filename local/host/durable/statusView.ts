import type { Instance } from './store.ts';

/** What the management API shows of an instance; times have whole seconds, as there. */
export function statusView(instance: Instance, showInput: boolean): object {
  return {
    name: instance.name,
    instanceId: instance.id,
    runtimeStatus: instance.status,
    input: showInput ? value(instance.input) : null,
    customStatus: value(instance.customStatus),
    output: value(instance.output),
    createdTime: seconds(instance.createdMs),
    lastUpdatedTime: seconds(instance.updatedMs),
  };
}

function value(json: string | null): unknown {
  return json === null ? null : JSON.parse(json);
}

function seconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

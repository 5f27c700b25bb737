import type { World } from '../support/world.ts';

/** Where requests reach the app from outside, as the host has registered it. */
export interface Entry {
  /** The function's name. */
  name: string;
  methods: string[];
  /** With `{name}` for parts that are open. */
  path: string;
  /** The key that opens it; undefined when it takes none. */
  key: string | undefined;
  kind: 'http' | 'eventGrid';
}

interface RegisteredFunction {
  name: string;
  config: { bindings: { type: string; direction: string }[] };
}

/** Triggers that nobody reaches by HTTP. */
const inner = new Set(['orchestrationTrigger', 'activityTrigger']);

/** Every entry of the app; throws for a function of which it cannot tell how it is reached. */
export async function entriesOf(world: World): Promise<Entry[]> {
  const answer = await world.call('/admin/functions', { key: world.host.keys.master });
  const functions = (await answer.json()) as RegisteredFunction[];
  return functions.flatMap(({ name, config }): Entry[] => {
    const { type = 'none' } = config.bindings.find(({ type }) => /trigger$/i.test(type)) ?? {};
    if (type === 'httpTrigger') return [httpEntry(world.host, name)];
    if (type === 'eventGridTrigger') return [eventGridEntry(world.host, name)];
    if (inner.has(type)) return [];
    throw new Error(`${name} is triggered by ${type}: tell here how requests reach it`);
  });
}

function httpEntry({ routes, keys }: World['host'], name: string): Entry {
  const route = routes.find((one) => one.name === name);
  if (!route) throw new Error(`${name} has no route`);
  const { path, methods, authLevel } = route;
  return { name, path, methods, key: authLevel === 'anonymous' ? undefined : keys.function, kind: 'http' };
}

const eventGridEntry = ({ keys }: World['host'], name: string): Entry => ({
  name,
  path: `/runtime/webhooks/eventgrid?functionName=${name}`,
  methods: ['POST'],
  key: keys.eventGrid,
  kind: 'eventGrid',
});

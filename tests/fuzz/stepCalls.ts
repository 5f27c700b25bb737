import type { ApiReply } from '../../local/kit/router.ts';
import type { ApiServer } from '../../local/kit/server.ts';
import { patternOf, plain } from '../support/remoteCalls.ts';

/** One remote call of a step, with its true answer. */
export interface StepCall {
  server: ApiServer;
  method: string;
  /** As a fault rule names it. */
  path: string;
  /** How many calls of the step with this method and path come before it. */
  skip: number;
  reply: ApiReply;
}

/** The calls that a step makes to some servers, in their order. */
export async function stepCalls(servers: ApiServer[], perform: () => Promise<unknown>): Promise<StepCall[]> {
  for (const server of servers) server.requests.length = 0;
  await perform();
  const made = servers.map((server) => server.requests.map(({ method, path }) => ({ method, path: ruleOf(path) })));
  const calls: StepCall[] = [];
  for (const [at, server] of servers.entries()) {
    const kinds = new Map(made[at]?.map((call) => [`${call.method} ${call.path}`, call]));
    for (const call of kinds.values()) {
      const take = (reply: ApiReply): ApiReply => {
        const skip = calls.filter((one) => one.server === server && isSame(one, call)).length;
        calls.push({ server, ...call, skip, reply });
        return reply;
      };
      server.faults.add({ ...call, times: Number.POSITIVE_INFINITY, rewrite: take });
    }
  }
  await perform();
  for (const server of servers) server.faults.clear();
  return calls;
}

type Kind = Pick<StepCall, 'method' | 'path'>;

const isSame = (one: Kind, other: Kind): boolean => one.method === other.method && one.path === other.path;

const ruleOf = (path: string): string => patternOf(plain(path)).replace(/dbw-[0-9a-f]{8}$/, '*');

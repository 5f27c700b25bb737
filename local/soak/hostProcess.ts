import { setTimeout as pause } from 'node:timers/promises';
import type { StatusResource } from '../../domain/status.ts';
import { localResourceGroup } from '../cloud/localNames.ts';
import type { Program } from '../stack/spawnProgram.ts';

/** The app on a host in a process of its own, as those see it who send requests. */
export interface HostProcess {
  /** Sends a request to the app; undefined when the host was killed before the answer was there. Throws a `Refused`. */
  ask(path: string, method?: 'GET' | 'POST' | 'DELETE', body?: object): Promise<StatusResource | undefined>;
  /** Asks for a deployment into a workspace of this name; asked again, it is the same one. */
  start(workspaceName: string): Promise<StatusResource | undefined>;
  read(id: string): Promise<StatusResource | undefined>;
  /** Resolves with the exit code, or the signal that ended it. */
  ended: Promise<number | string>;
  /** Ends it as a crash does, and waits until it is gone. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** An answer of the app that is not a success. */
export class Refused extends Error {
  readonly status: number;

  constructor(request: string, status: number, text: string) {
    super(`${request} was answered ${status} ${text}`);
    this.status = status;
  }
}

/** A program that serves the app, with what one asks of it. */
export function hostProcess(program: Program, functionKey: string): HostProcess {
  const { pid, ready: url, ended } = program;
  const host: HostProcess = {
    async ask(path, method = 'GET', body) {
      const headers = { 'x-functions-key': functionKey, 'content-type': 'application/json' };
      let response: Response;
      let text: string;
      try {
        const signal = AbortSignal.timeout(60_000);
        response = await fetch(url + path, { method, headers, signal, ...(body && { body: JSON.stringify(body) }) });
        text = await response.text();
      } catch (error) {
        // A host that is killed is gone a moment after its connections are.
        const how = await Promise.race([ended, pause(5000, 'alive', { ref: false })]);
        if (how === 'SIGKILL') return undefined;
        throw how === 'alive' ? error : new Error(`the host ended by itself (${how})`, { cause: error });
      }
      if (!response.ok) throw new Refused(`${method} ${path}`, response.status, text);
      return JSON.parse(text) as StatusResource;
    },
    start: (workspaceName) =>
      host.ask('/api/deployments', 'POST', { resourceGroup: localResourceGroup, workspaceName }),
    read: (id) => host.ask(`/api/deployments/${id}`),
    ended,
    async kill() {
      process.kill(pid, 'SIGKILL');
      await ended;
    },
    stop: () => program.stop(),
  };
  return host;
}

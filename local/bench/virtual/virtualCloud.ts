import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answers, Order } from './protocol.ts';

/** The cloud in a process of its own, so that what it takes is not taken for the host's. */
export interface VirtualCloud {
  ask<K extends Order['kind']>(order: Extract<Order, { kind: K }>): Promise<Answers[K]>;
  close(): Promise<void>;
}

/** Starts the process; the first order must be `start`. */
export function forkCloud(): VirtualCloud {
  const program = fileURLToPath(new URL('cloudProcess.ts', import.meta.url));
  // Without the options of this process, whose heap is bounded.
  const child = fork(program, { serialization: 'advanced', execArgv: ['--no-deprecation'] });
  const ask = <K extends Order['kind']>(order: Extract<Order, { kind: K }>): Promise<Answers[K]> =>
    new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('The process with the cloud has ended.'));
      child.once('exit', ended);
      child.once('message', (value) => {
        child.off('exit', ended);
        resolve(value as Answers[K]);
      });
      child.send(order);
    });
  return {
    ask,
    async close() {
      await ask<'close'>({ kind: 'close' });
      child.disconnect();
    },
  };
}

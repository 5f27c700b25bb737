import { Agent as HttpAgent, createServer, type Server } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { type Generation, generation } from '../host/core/generation.ts';
import type { Network } from '../kit/network.ts';
import { MemorySocket } from './memorySocket.ts';

// Ports that only the administrator of a machine could listen on, so nobody else's are meant.
const firstPort = 700;
const lastPort = 1023;

interface Connection {
  of: Generation | undefined;
  socket: MemorySocket;
}

interface Connecting {
  port?: number | string | null;
}
type CreateConnection = (options: Connecting, connected?: (error: Error | null, socket: Duplex) => void) => Duplex;

/**
 * Servers and connections within this process, in the place of the loopback interface: Node's HTTP speaks over them as it
 * is, but nothing waits for the operating system, TLS is left out, and all that one generation of a host has open can be
 * cut. The same servers in the same order get the same ports.
 */
export class MemoryNetwork implements Network {
  readonly #servers = new Map<number, Server>();
  readonly #open = new Set<Connection>();

  constructor() {
    for (const agent of [HttpAgent, HttpsAgent]) this.#stepIn(agent.prototype as unknown as Record<string, unknown>);
  }

  serve: Network['serve'] = (listener, { port: wanted }) => {
    const server = createServer(listener);
    // A connection that is used again would carry the requests of a host that has crashed beside those of the next.
    server.maxRequestsPerSocket = 1;
    const port = wanted || this.#freePort();
    if (this.#servers.has(port)) return Promise.reject(new Error(`the port ${port} is taken`));
    this.#servers.set(port, server);
    const close = (): Promise<void> => {
      this.#servers.delete(port);
      return Promise.resolve();
    };
    return Promise.resolve({ port, close });
  };

  /** Breaks off what a host that has crashed has open; what its functions ask for afterwards is refused. */
  cut(crashed: Generation): void {
    for (const { of, socket } of this.#open) if (of === crashed) socket.cut();
  }

  #freePort(): number {
    let port = firstPort;
    while (this.#servers.has(port)) port++;
    return port;
  }

  #stepIn(prototype: Record<string, unknown>): void {
    const real = prototype['createConnection'] as CreateConnection;
    const { connect } = this;
    prototype['createConnection'] = function createConnection(this: unknown, ...given: Parameters<CreateConnection>) {
      return connect(Number(given[0].port)) ?? real.apply(this, given);
    };
  }

  /** A connection to the server at a port; undefined when there never was one here. */
  readonly connect = (port: number): Duplex | undefined => {
    if (!(port >= firstPort && port <= lastPort)) return undefined;
    const of = generation.getStore();
    const server = this.#servers.get(port);
    if (!server || of?.crashed) {
      const nowhere = new MemorySocket();
      setImmediate(() => nowhere.destroy(refused(port)));
      return nowhere;
    }
    const [here, there] = MemorySocket.pair();
    const connection = { of, socket: here };
    this.#open.add(connection);
    here.once('close', () => this.#open.delete(connection));
    server.emit('connection', there);
    return here;
  };
}

const refused = (port: number): Error =>
  Object.assign(new Error(`connect ECONNREFUSED localhost:${port}`), { code: 'ECONNREFUSED', syscall: 'connect' });

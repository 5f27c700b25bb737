import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificate.ts';

export interface Served {
  port: number;
  /** Stops listening and cuts all connections. */
  close(): Promise<void>;
}

/** Where servers are found: the loopback interface, or one that a simulation makes up. */
export interface Network {
  /** Serves on a port of `localhost` (0: a free one), over TLS when there is a certificate. */
  serve(listener: RequestListener, options: { certificate?: Certificate; port: number }): Promise<Served>;
}

export const loopback: Network = {
  async serve(listener, { certificate, port: wanted }) {
    const server = certificate ? createHttpsServer(certificate, listener) : createHttpServer(listener);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
    const { port } = server.address() as AddressInfo;
    return {
      port,
      close: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    };
  },
};

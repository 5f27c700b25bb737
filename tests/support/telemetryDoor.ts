import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import type { Certificate } from '../../local/kit/certificate.ts';

/** An Application Insights resource that takes everything, for a world whose certificate is there only when its settings are. */
export interface TelemetryDoor {
  connectionString: string;
  /** The bodies that have come. */
  received: string[];
  /** Answers from now on; until then nobody is let in. */
  open(certificate: Certificate): void;
  close(): void;
}

export async function telemetryDoor(): Promise<TelemetryDoor> {
  const received: string[] = [];
  let server: Server | undefined;
  const door = createServer((socket) => void server?.emit('connection', socket));
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const { port } = door.address() as AddressInfo;
  return {
    connectionString: `InstrumentationKey=00000000-0000-4000-8000-0000000000ab;IngestionEndpoint=https://localhost:${port}/`,
    received,
    open(certificate) {
      const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
        const bytes = await buffer(request);
        const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
        received.push(text);
        const count = (JSON.parse(text) as unknown[]).length;
        response.end(JSON.stringify({ itemsReceived: count, itemsAccepted: count, errors: [] }));
      };
      server = createHttpsServer(certificate, (request, response) => void take(request, response));
    },
    close() {
      door.close();
      server?.closeAllConnections();
    },
  };
}

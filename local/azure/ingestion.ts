import { randomUUID, type KeyObject } from 'node:crypto';
import * as v from 'valibot';
import type { Certificate } from '../kit/certificate.ts';
import type { Clock } from '../kit/clock.ts';
import { type ApiReply, type ApiRequest, Router } from '../kit/router.ts';
import { type ApiServer, startServer } from '../kit/server.ts';
import { verifyToken } from '../kit/tokens.ts';

export interface IngestionOptions {
  certificate: Certificate;
  signingKey: KeyObject;
  clock: Clock;
  tenantId: string;
  port?: number;
}

/** The stand-in of Application Insights: takes what an app sends and shows it. */
export interface Ingestion {
  server: ApiServer;
  /** What the portal shows as the resource's connection string. */
  connectionString: string;
}

const audience = 'https://monitor.azure.com';
const keptItems = 5000;

const text = v.pipe(v.string(), v.minLength(1));

/** As far as an item of telemetry is looked at (azure-rest-api-specs, applicationinsights, swagger.json, TelemetryEnvelope). */
const item = v.looseObject({
  name: text,
  time: v.pipe(text, v.isoTimestamp()),
  iKey: text,
  tags: v.optional(v.record(v.string(), v.string())),
  data: v.looseObject({ baseType: text, baseData: v.looseObject({}) }),
});

/** An item as it arrived. */
export type TelemetryItem = v.InferOutput<typeof item>;

interface ItemError {
  index: number;
  statusCode: number;
  message: string;
}

/** Serves `POST /v2/track` and `/v2.1/track`, to bearers of a token alone, and `GET` and `DELETE /__telemetry`. */
export async function startIngestion({ signingKey, tenantId, ...options }: IngestionOptions): Promise<Ingestion> {
  const { clock } = options;
  const key = randomUUID();
  const items: TelemetryItem[] = [];
  const track = (request: ApiRequest): ApiReply => {
    const refused = refusal(request, tenantId, signingKey, clock);
    if (refused) return { status: 401, body: answer(0, 0, [{ index: 0, statusCode: 401, message: refused }]) };
    const sent = itemsOf(request.bytes.toString());
    const { accepted, errors } = sorted(sent, key);
    items.push(...accepted);
    items.splice(0, items.length - keptItems);
    // 206 says that some were accepted; without any it is a bad request.
    const status = errors.length === 0 ? 200 : accepted.length > 0 ? 206 : 400;
    return { status, body: answer(sent.length, accepted.length, errors) };
  };
  const server = await startServer({
    router: new Router().on('POST', '/v2/track', track).on('POST', '/v2.1/track', track),
    unknownRoute: () => ({ status: 404 }),
    errorReply: (error) => ({
      status: 400,
      body: answer(0, 0, [{ index: 0, statusCode: 400, message: error instanceof Error ? error.message : '' }]),
    }),
    control: new Router()
      .on('GET', '/__telemetry', () => ({ body: items }))
      .on('DELETE', '/__telemetry', () => {
        items.length = 0;
        return { status: 204 };
      }),
    ...options,
  });
  return { server, connectionString: `InstrumentationKey=${key};IngestionEndpoint=${server.url}/` };
}

/** Why the caller is refused, if so: the resource takes Entra tokens only, no bare instrumentation key. */
function refusal({ headers }: ApiRequest, tenantId: string, key: KeyObject, clock: Clock): string | undefined {
  const token = /^Bearer +(\S+)$/i.exec(headers['authorization'] ?? '')?.[1];
  if (!token) return 'Authentication required.';
  const claims = verifyToken(token, [audience], key, clock);
  if ('refused' in claims) return claims.refused;
  return claims.tid === tenantId ? undefined : `The access token is of the tenant '${claims.tid}'.`;
}

/** An array, or one item a line (`application/x-json-stream`). */
function itemsOf(body: string): unknown[] {
  if (body.trimStart().startsWith('[')) return JSON.parse(body) as unknown[];
  return body
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): unknown => JSON.parse(line));
}

function sorted(sent: unknown[], key: string): { accepted: TelemetryItem[]; errors: ItemError[] } {
  const accepted: TelemetryItem[] = [];
  const errors: ItemError[] = [];
  for (const [index, one] of sent.entries()) {
    const parsed = v.safeParse(item, one);
    const message = parsed.success
      ? parsed.output.iKey !== key && 'Invalid instrumentation key'
      : v.summarize(parsed.issues);
    if (parsed.success && message === false) accepted.push(parsed.output);
    else errors.push({ index, statusCode: 400, message: message || '' });
  }
  return { accepted, errors };
}

const answer = (itemsReceived: number, itemsAccepted: number, errors: ItemError[]): object => ({
  itemsReceived,
  itemsAccepted,
  errors,
});

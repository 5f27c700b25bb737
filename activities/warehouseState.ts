import type { InvocationContext } from '@azure/functions';
import * as v from 'valibot';
import type { DatabricksApi } from '../clients/databricks.ts';
import { isMissing } from '../clients/databricksFailure.ts';
import { type DeploymentError, RetryableError, TerminalError } from '../domain/errors.ts';
import type { Warehouse, WarehouseState } from '../domain/steps.ts';
import { warnOfState } from './warnOfState.ts';

const reason = v.object({
  code: v.optional(v.string(), ''),
  type: v.optional(v.string(), ''),
  parameters: v.optional(v.record(v.string(), v.string()), {}),
});
const warehouse = v.object({
  state: v.string(),
  health: v.optional(
    v.object({
      status: v.optional(v.string()),
      summary: v.optional(v.string()),
      details: v.optional(v.string()),
      message: v.optional(v.string()),
      failure_reason: v.optional(reason),
    }),
  ),
  odbc_params: v.optional(
    v.object({ hostname: v.string(), port: v.pipe(v.number(), v.integer()), path: v.string(), protocol: v.string() }),
  ),
});
type Seen = v.InferOutput<typeof warehouse>;

const knownStates = new Set(['STARTING', 'RUNNING', 'STOPPING', 'STOPPED']);

/** A look at a warehouse; `failed` says why its last start failed. Throws WAREHOUSE_LOST when it is deleted. */
export async function warehouseState(
  api: DatabricksApi,
  wanted: Warehouse,
  ctx?: Pick<InvocationContext, 'warn'>,
): Promise<WarehouseState & { failed?: DeploymentError }> {
  const { id, url } = wanted;
  const seen = await api.get(`/api/2.0/sql/warehouses/${id}`, {}, warehouse).catch(lostIfMissing(wanted));
  if (seen.state.startsWith('DELET')) throw lost(wanted);
  const { state, health } = seen;
  warnOfState(ctx, `SQL warehouse ${id}`, state, knownStates);
  if (state === 'RUNNING') return { state: 'running', endpoint: endpointOf(seen, id) };
  // While it starts the health may be that of the start before.
  if (state !== 'STOPPED') return { state: 'waiting' };
  return { state: 'stopped', ...(health?.status === 'FAILED' && { failed: failureOf(seen, url) }) };
}

/** Makes WAREHOUSE_LOST of the answer that there is no such warehouse. */
export const lostIfMissing =
  (wanted: Warehouse) =>
  (error: unknown): never => {
    throw isMissing(error) ? lost(wanted) : error;
  };

const lost = ({ id, url }: Warehouse): TerminalError =>
  new TerminalError('WAREHOUSE_LOST', `The SQL warehouse ${id} has been deleted.`, { link: url });

// The cloud's or Databricks' own trouble, which may pass, unlike CLIENT_ERROR: a quota or the network.
const passing = new Set(['CLOUD_FAILURE', 'SERVICE_FAULT']);

function failureOf({ health = {} }: Seen, link: string): DeploymentError {
  const { summary, details, message, failure_reason: why } = health;
  const parameters = Object.values(why?.parameters ?? {});
  const words = [summary, details, message, ...parameters].filter(Boolean).join(' ');
  const Kind = passing.has(why?.type ?? '') ? RetryableError : TerminalError;
  return new Kind('WAREHOUSE_FAILED', words || 'Databricks gives no reason.', {
    cause: [why?.type, why?.code, ...parameters].filter(Boolean).join(' '),
    link,
  });
}

function endpointOf({ odbc_params: odbc }: Seen, id: string): { host: string; port: number; path: string } {
  if (!odbc || odbc.protocol !== 'https')
    throw new RetryableError(
      'ANSWER_INVALID',
      `Databricks does not say where the SQL warehouse ${id} is connected to.`,
    );
  const { hostname: host, port, path } = odbc;
  return { host, port, path };
}

import type { Clock } from '../../kit/clock.ts';
import type { HostConfig } from '../core/hostConfig.ts';
import type { Answer, Exchange } from '../http/exchange.ts';
import { empty, exceptionAnswer, jsonAnswer } from '../http/exchange.ts';
import type { DurableEngine } from './durableEngine.ts';
import { Refusal } from './durableError.ts';
import { listInstances, purgeInstances } from './instanceQuery.ts';
import { historyView } from './historyView.ts';
import { statusView } from './statusView.ts';
import { managementQuery, managementUrls } from './managementUrls.ts';
import { isFinal } from './protocol.ts';
import { startByHttp } from './startByHttp.ts';

export interface ManagementOptions {
  engine: DurableEngine;
  config: HostConfig;
  clock: Clock;
  key: string;
}

export interface ManagementRequest {
  exchange: Exchange;
  /** The decoded path below `/runtime/webhooks/durabletask` or the rpc address. */
  segments: string[];
  /** What links in the answer begin with. */
  baseUrl: string;
}

/** Answers the Durable management API; the loopback listener of the SDK's client has the same operations. */
export async function answerManagement(options: ManagementOptions, request: ManagementRequest): Promise<Answer> {
  const { exchange, segments } = request;
  const problem = checkHub(options, exchange.query);
  if (problem) return problem;
  const kind = segments[0]?.toLowerCase();
  try {
    if (kind === 'orchestrators') return await start(options, request);
    if (kind === 'entities') return entities(exchange, segments);
    return kind === 'instances' ? instances(options, request) : empty(404);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return refusal(error);
  }
}

function refusal({ code, message }: Refusal): Answer {
  if (code === 'notFound') return empty(404);
  if (code === 'gone') return empty(410);
  if (code === 'exists') return jsonAnswer(409, { Message: message });
  return exceptionAnswer(
    500,
    'Something went wrong while processing your request',
    message,
    'System.InvalidOperationException',
  );
}

function checkHub({ config }: ManagementOptions, query: URLSearchParams): Answer | undefined {
  const connection = query.get('connection');
  if (connection && connection.toLowerCase() !== config.connectionName.toLowerCase()) {
    const detail = `Unable to resolve the Azure Storage connection named '${connection}'.`;
    const message = 'Something went wrong while processing your request';
    return exceptionAnswer(500, message, detail, 'System.InvalidOperationException');
  }
  const hub = query.get('taskHub');
  return hub && hub.toLowerCase() !== config.hubName.toLowerCase() ? empty(404) : undefined;
}

async function start(options: ManagementOptions, request: ManagementRequest): Promise<Answer> {
  const [, name, instanceId, ...rest] = request.segments;
  if (request.exchange.method !== 'POST' || !name || rest.length > 0) return empty(404);
  const started = startByHttp(options.engine, request.exchange, name, instanceId);
  if (typeof started !== 'string') return started;
  const timeoutSeconds = Number(request.exchange.query.get('timeout') ?? 0);
  if (timeoutSeconds > 0) {
    const output = await outputWithin(options, started, timeoutSeconds, request.exchange.query);
    if (output) return output;
  }
  return accepted(options, request, started);
}

async function outputWithin(
  { engine, clock }: ManagementOptions,
  id: string,
  timeoutSeconds: number,
  query: URLSearchParams,
): Promise<Answer | undefined> {
  const pauseMs = Math.max(Number(query.get('pollingInterval') ?? 1), 0.05) * 1000;
  const deadlineMs = clock.now() + timeoutSeconds * 1000;
  for (;;) {
    const instance = engine.get(id);
    if (instance.status === 'Completed') return jsonAnswer(200, JSON.parse(instance.output ?? 'null'));
    if (isFinal(instance.status))
      return jsonAnswer(instance.status === 'Failed' ? 500 : 200, statusView(instance, true));
    if (clock.now() >= deadlineMs) return undefined;
    await new Promise<void>((resolve) => clock.setTimer(Math.min(clock.now() + pauseMs, deadlineMs), resolve));
  }
}

function accepted({ config, key }: ManagementOptions, { baseUrl }: ManagementRequest, id: string): Answer {
  const urls = managementUrls(baseUrl, id, managementQuery({ ...config, key }), false);
  const location = urls.statusQueryGetUri.replaceAll(/[^\u0020-\u007e]/g, encodeURIComponent);
  return jsonAnswer(202, urls, { Location: location, 'Retry-After': '10' });
}

function entities({ method }: Exchange, segments: string[]): Answer {
  // A list of none is true; everything else about entities would not be.
  if (method === 'GET' && segments.length <= 2) return jsonAnswer(200, []);
  return jsonAnswer(501, { Message: 'This host does not implement entities.' });
}

function instances(options: ManagementOptions, request: ManagementRequest): Answer {
  const { engine } = options;
  const { exchange, segments } = request;
  const [, id, operation, ...rest] = segments;
  if (!id) {
    if (exchange.method === 'GET') return listInstances(engine, exchange);
    return exchange.method === 'DELETE' ? purgeInstances(engine, exchange.query) : empty(404);
  }
  if (!operation) {
    if (exchange.method === 'GET') return status(engine, request, id);
    return exchange.method === 'DELETE' ? purgeOne(engine, id) : empty(404);
  }
  if (exchange.method !== 'POST') return empty(404);
  return operate(options, request, { id, operation: operation.toLowerCase(), rest });
}

interface Operation {
  id: string;
  operation: string;
  rest: string[];
}

function operate(options: ManagementOptions, request: ManagementRequest, { id, operation, rest }: Operation): Answer {
  const { engine } = options;
  const { query } = request.exchange;
  const reason = query.get('reason') || null;
  if (operation === 'raiseevent')
    return rest.length === 1 && rest[0] ? raise(engine, request, id, rest[0]) : empty(404);
  if (rest.length > 0) return empty(404);
  switch (operation) {
    case 'terminate':
      engine.terminate(id, reason);
      return empty(202);
    case 'suspend':
      engine.suspend(id, reason);
      return empty(202);
    case 'resume':
      engine.resume(id, reason);
      return empty(202);
    case 'restart':
      return restart(options, request, id);
    case 'rewind':
      return rewind(engine, id);
    default:
      return empty(404);
  }
}

function raise(engine: DurableEngine, { exchange }: ManagementRequest, id: string, name: string): Answer {
  const type = exchange.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (isFinal(engine.get(id).status)) return empty(410);
  if (type !== 'application/json')
    return jsonAnswer(400, { Message: 'Only application/json request content is supported' });
  const body = exchange.body.toString('utf8').replace(/^\uFEFF/, '');
  try {
    engine.raiseEvent(id, name, JSON.stringify(JSON.parse(body)));
    return empty(202);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return exceptionAnswer(400, 'Invalid JSON content', error.message, 'Newtonsoft.Json.JsonReaderException');
  }
}

function restart(options: ManagementOptions, request: ManagementRequest, id: string): Answer {
  const underNewId = request.exchange.query.get('restartWithNewInstanceId')?.toLowerCase() !== 'false';
  try {
    return accepted(options, request, options.engine.restart(id, underNewId));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code === 'notFound') {
      const detail = `${error.message} (Parameter 'instanceId')`;
      const message = 'InstanceId does not match a valid orchestration instance.';
      return exceptionAnswer(400, message, detail, 'System.ArgumentException');
    }
    const message = 'A non-terminal instance with this instance ID already exists.';
    return exceptionAnswer(
      409,
      message,
      error.message,
      'DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException',
    );
  }
}

function rewind(engine: DurableEngine, id: string): Answer {
  const instance = engine.list().find((one) => one.id === id);
  // The dollar sign is the extension's own.
  if (!instance) return jsonAnswer(404, `No orchestration with instance ID "$${id}" found.`);
  if (instance.status === 'Failed') return jsonAnswer(501, 'This host does not implement rewind.');
  return jsonAnswer(
    412,
    `This orchestration has status ${instance.status}, but only orchestrations in the "Failed" state can be rewound.`,
  );
}

function purgeOne(engine: DurableEngine, id: string): Answer {
  const instance = engine.get(id);
  if (!isFinal(instance.status)) {
    const message = 'Only orchestrations in a terminal state can be purged, but the orchestration with instance ID';
    return jsonAnswer(412, `${message} ${id} has status ${instance.status}`);
  }
  engine.purge([id]);
  return jsonAnswer(200, { instancesDeleted: 1 });
}

function status(engine: DurableEngine, { exchange }: ManagementRequest, id: string): Answer {
  const { query } = exchange;
  const instance = engine.get(id);
  const flag = (name: string): boolean => query.get(name)?.toLowerCase() === 'true';
  const showInput = query.get('showInput')?.toLowerCase() !== 'false';
  const view = {
    ...statusView(instance, showInput),
    ...(flag('showHistory') && instance.status !== 'Pending'
      ? { historyEvents: historyView(engine.history(id), { showInput, showOutput: flag('showHistoryOutput') }) }
      : {}),
  };
  if (!isFinal(instance.status)) {
    const location = `${exchange.origin}${exchange.path}${exchange.search}`;
    return jsonAnswer(202, view, { Location: location, 'Retry-After': '5' });
  }
  return jsonAnswer(instance.status === 'Failed' && flag('returnInternalServerErrorOnFailure') ? 500 : 200, view);
}

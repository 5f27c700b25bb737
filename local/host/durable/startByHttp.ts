import type { Answer, Exchange } from '../http/exchange.ts';
import { exceptionAnswer } from '../http/exchange.ts';
import type { DurableEngine } from './durableEngine.ts';

/** Starts an orchestration with the request's body as input: its id, or the answer to a request that cannot be met. */
export function startByHttp(
  engine: DurableEngine,
  { body, query }: Exchange,
  name: string,
  instanceId: string | undefined,
): string | Answer {
  const text = body.toString('utf8').replace(/^\uFEFF/, '');
  const version = query.get('version') ?? undefined;
  if (text.trim() === '') return engine.startInstance({ name, instanceId, version, input: null });
  try {
    const input = JSON.stringify(JSON.parse(text));
    return engine.startInstance({ name, instanceId, version, input });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    if (isTruncated(error.message, text)) {
      const message = 'Something went wrong while processing your request';
      return exceptionAnswer(500, message, error.message, 'Newtonsoft.Json.JsonSerializationException');
    }
    return exceptionAnswer(400, 'Invalid JSON content', error.message, 'Newtonsoft.Json.JsonReaderException');
  }
}

function isTruncated(message: string, text: string): boolean {
  const position = /at position (\d+)/.exec(message)?.[1];
  return (
    /end of JSON|Unterminated/.test(message) || (position !== undefined && Number(position) >= text.trimEnd().length)
  );
}

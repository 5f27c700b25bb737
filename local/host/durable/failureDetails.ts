import { WorkerExit } from '../core/workerExit.ts';

/** Why an activity failed, in the two texts that .NET records: a sentence, and its exception as JSON. */
export function activityFailure(name: string, error: unknown): { reason: string; details: string } {
  const { message, stack } = toError(error);
  if (error instanceof WorkerExit)
    return { reason: `Activity function '${name}' failed: ${message}`, details: JSON.stringify(asWorkerExit(message)) };
  return {
    reason: `Activity function '${name}' failed:  ${message}`,
    details: JSON.stringify(asException(message, stack)),
  };
}

/** Why `callHttp` got no answer, in the same two texts. */
export function httpFailure(error: unknown): { reason: string; details: string } {
  const { message } = toError(error);
  const details = { $type: 'System.Net.Http.HttpRequestException, System.Net.Http', Message: message, Data: null };
  return { reason: message, details: JSON.stringify(details) };
}

/** The error in what was thrown; a thrown text or object becomes the message. */
export function toError(error: unknown): { message: string; stack: string } {
  if (error instanceof Error) return { message: error.message, stack: error.stack ?? '' };
  return { message: String(error), stack: '' };
}

// The recorded shape, with .NET's own stack left out: it names code that does not exist here.
function asException(message: string, stack: string): object {
  return {
    $type: 'System.Exception, System.Private.CoreLib',
    ClassName: 'System.Exception',
    Message: ` ${message}`,
    Data: null,
    InnerException: {
      $type: 'Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException, Microsoft.Azure.WebJobs.Script',
      IsUserException: false,
      RemoteStackTrace: stack,
      RemoteMessage: message,
      RemoteTypeName: null,
      Message: `Result: Failure\nException: ${message}\nStack: ${stack}`,
      Data: { $type: 'System.Collections.ListDictionaryInternal, System.Private.CoreLib' },
      InnerException: null,
      HelpLink: null,
      Source: 'System.Private.CoreLib',
      HResult: -2146233088,
      StackTrace: '',
    },
    HelpURL: null,
    StackTraceString: null,
    RemoteStackTraceString: null,
    RemoteStackIndex: 0,
    ExceptionMethod: null,
    HResult: -2146233088,
    Source: null,
    WatsonBuckets: null,
  };
}

function asWorkerExit(message: string): object {
  return {
    $type: 'Microsoft.Azure.WebJobs.Script.Workers.WorkerProcessExitException, Microsoft.Azure.WebJobs.Script',
    Message: message,
    Data: { $type: 'System.Collections.ListDictionaryInternal, System.Private.CoreLib' },
    InnerException: { $type: 'System.Exception, System.Private.CoreLib', ClassName: 'System.Exception', Message: '' },
  };
}

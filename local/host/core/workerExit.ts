/** The end of the worker process, as the host sees it: the calls in flight fail with this. */
export class WorkerExit extends Error {
  override name = 'WorkerExit';

  constructor(code: number) {
    super(`node exited with code ${code} (0x${code.toString(16)})`);
  }
}

const callsInFlight = new Set<(exit: WorkerExit) => void>();

/** The outcome of `call`, or a WorkerExit when the worker "ends" before it. */
export async function untilWorkerExit<Result>(call: Promise<Result>): Promise<Result> {
  let fail: (exit: WorkerExit) => void = () => undefined;
  const exit = new Promise<never>((_, reject) => {
    fail = reject;
  });
  callsInFlight.add(fail);
  try {
    return await Promise.race([call, exit]);
  } finally {
    callsInFlight.delete(fail);
  }
}

// On the real host an HTTP answer is long out when the activity that it caused ends the worker; here it may be a moment late.
const noticeMs = 50;

/** Fails the calls that are in flight, as the end of the worker process does on the real host. */
function exitWorker(code: number): void {
  const exit = new WorkerExit(code);
  const calls = [...callsInFlight];
  setTimeout(() => {
    for (const fail of calls) fail(exit);
  }, noticeMs);
}

/** Whether an orchestrator's error is the end of the worker in the middle of a replay. */
export function isWorkerExit(message: string | undefined): message is string {
  return /^node exited with code \d+ \(0x[\da-f]+\)$/.test(message ?? '');
}

/**
 * Lets this process survive what would end the real host's worker: `process.exit` by a handler, an uncaught error, an
 * unhandled rejection. Returns the real `process.exit`. Unlike after a real end, the app's modules keep their state.
 */
export function surviveWorkerExits(report: (message: string) => void): (code: number) => void {
  const exit = process.exit.bind(process);
  process.exit = (code?: number | string | null) => {
    const number = Number(code ?? process.exitCode ?? 0);
    report(`The app called process.exit(${number}): the real host would start a new worker.`);
    exitWorker(number);
    // The caller expects that this does not return.
    throw new WorkerExit(number);
  };
  const fault = (error: unknown): void => {
    if (error instanceof WorkerExit) return;
    report(`Uncaught in the app: ${error instanceof Error ? error.stack : String(error)}`);
    exitWorker(1);
  };
  process.on('uncaughtException', fault);
  process.on('unhandledRejection', fault);
  return exit;
}

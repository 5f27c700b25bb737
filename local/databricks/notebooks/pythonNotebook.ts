import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { pythonEnvironment } from './pythonEnvironment.ts';
import type { NotebookOutcome, NotebookRequest, StartedNotebook } from './notebookRequest.ts';

/** What a notebook prints, in its log folder. */
const logName = 'output.log';
const traceLength = 20_000;
// What the runner takes to end a notebook with all that it has started.
const endingMs = 10_000;
const runner = fileURLToPath(new URL('runner_supervisor.py', import.meta.url));

/** How much a notebook may leave behind; the runner's own limits hold for what is not given (runner_request.py). */
export interface NotebookLimits {
  outputBytes?: number;
  scratchBytes?: number;
}

/** What runs the notebooks' processes. */
export interface PythonInstallation {
  python: string;
  /** Where compiled modules are kept, for all processes: they must not appear in a notebook's Git folder. */
  compiled: string;
  limits?: NotebookLimits;
}

/**
 * Really executes a notebook: a Python process of its own, ended with all its children on a cancel. `more` is environment
 * by which it finds its cluster.
 */
export function startPythonNotebook(
  { python, compiled, limits }: PythonInstallation,
  request: NotebookRequest,
  more: Record<string, string> = {},
): StartedNotebook {
  const log = openSync(join(request.logFolder, logName), 'w');
  // It needs no packages itself (-S), and starts the notebook's process with them.
  const child = spawn(python, ['-S', runner], {
    stdio: ['pipe', log, log],
    env: { ...environment(request), ...pythonEnvironment(compiled), ...more },
    // A process group of its own, so that a cancel also reaches what the notebook has started.
    detached: true,
  });
  closeSync(log);
  // The input stays open: its end tells the runner to end, or that this process is gone.
  child.stdin?.on('error', () => undefined);
  child.stdin?.write(`${JSON.stringify({ ...request, limits })}\n`);
  let cancelled = false;
  const outcome = ended(child).then((how) => {
    child.stdin?.destroy();
    return cancelled ? { error: 'Cancelled' } : readOutcome(request.logFolder, how);
  });
  const cancel = (): void => {
    cancelled = true;
    child.stdin?.destroy();
    const late = setTimeout(() => killGroup(child), endingMs).unref();
    void outcome.then(() => clearTimeout(late));
  };
  return { outcome, cancel };
}

function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
}

function readOutcome(logFolder: string, how: string): NotebookOutcome {
  const left = (name: string): string => readFileSync(join(logFolder, name), 'utf8');
  const lost = { driverLost: true, error: `The Python process of the notebook ended with ${how}` };
  try {
    if (existsSync(join(logFolder, 'outcome.json'))) return JSON.parse(left('outcome.json')) as NotebookOutcome;
    return { ...lost, errorTrace: left(logName).slice(-traceLength) };
  } catch (error) {
    // The folder was in the notebook's reach.
    return { ...lost, errorTrace: String(error) };
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function environment(request: NotebookRequest): Record<string, string> {
  const trusted = trustedFile(request);
  return {
    MPLBACKEND: 'Agg',
    PYTHONUNBUFFERED: '1',
    DATABRICKS_HOST: `https://${request.host}`,
    DATABRICKS_TOKEN: request.token,
    DATABRICKS_RUNTIME_VERSION: request.sparkVersion.split('.x', 1)[0] ?? '',
    MLFLOW_TRACKING_URI: 'databricks',
    WORKSPACE_ROOT: request.workspaceRoot,
    REQUESTS_CA_BUNDLE: trusted,
    SSL_CERT_FILE: trusted,
  };
}

/** The workspace's authority beside those that this machine trusts, so that pip and others still reach their servers. */
function trustedFile({ caFile, logFolder }: NotebookRequest): string {
  const file = join(logFolder, '..', 'trusted.pem');
  if (existsSync(file)) return file;
  const configured = [process.env['REQUESTS_CA_BUNDLE'], process.env['SSL_CERT_FILE']]
    .filter((name): name is string => name !== undefined && existsSync(name))
    .map((name) => readFileSync(name, 'utf8'));
  mkdirSync(join(logFolder, '..'), { recursive: true });
  writeFileSync(file, [readFileSync(caFile, 'utf8'), ...configured, ...tls.getCACertificates('default')].join('\n'));
  return file;
}

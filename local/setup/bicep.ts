import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The Bicep compiler: what `BICEP` names, else that of the path, of `az bicep install`, or beside the checkout; undefined
 * when there is none.
 */
export function findBicep(environment: Record<string, string | undefined> = process.env): string | undefined {
  const program = process.platform === 'win32' ? 'bicep.exe' : 'bicep';
  const named = environment['BICEP'];
  const onPath = (environment['PATH'] ?? '').split(delimiter).filter(Boolean);
  const folders = [...onPath, join(homedir(), '.azure/bin'), join(root, '../shared/tools')];
  return (named ? [named] : folders.map((folder) => join(folder, program))).find((file) => existsSync(file));
}

/** The templates that are compiled to JSON, because the portal reads no Bicep. */
export const templates = ['main', 'workspace'] as const;

/** What the snapshots take for granted: a tenant, subscription, group and region that are nobody's. */
const place = {
  tenantId: '00000000-0000-4000-8000-000000000009',
  subscriptionId: '00000000-0000-4000-8000-000000000001',
  resourceGroup: 'rg-accelerator',
  location: 'northeurope',
  deploymentName: 'main',
};

interface Diagnostic {
  source: string;
  range: { start: { line: number; char: number } };
  level: string;
  code: string;
  message: string;
}

interface Compiled {
  success: boolean;
  diagnostics: Diagnostic[];
  contents: string;
}

/** One process of the compiler for many questions, each of which would take two seconds as a command of its own. Paths are absolute. */
export class Bicep {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #received = Buffer.alloc(0);
  #said = '';
  #asked = 0;

  constructor(compiler: string) {
    this.#child = spawn(compiler, ['jsonrpc', '--stdio'], { cwd: root, stdio: 'pipe' });
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#said += chunk.toString()));
    // What is written to one that has ended is answered by its end.
    this.#child.stdin?.on('error', () => {});
    this.#child.on('error', (error) => this.#fail(error));
    this.#child.on('close', (code) =>
      this.#fail(new Error(`The Bicep compiler has ended with ${code}: ${this.#said}`)),
    );
  }

  /** Its version, such as 0.49.2. */
  async version(): Promise<string> {
    return (await this.#ask<{ version: string }>('version', {})).version;
  }

  /** The JSON of a template; throws with the compiler's words when it has any to say, be it a warning. */
  async compile(path: string): Promise<string> {
    const { diagnostics, contents } = await this.#ask<Compiled>('compile', { path });
    if (diagnostics.length > 0) throw new Error(diagnostics.map(said).join('\n'));
    return contents;
  }

  /** The file as the formatter writes it. */
  async format(path: string): Promise<string> {
    return (await this.#ask<{ contents: string }>('format', { path })).contents;
  }

  /** What a template would make by a file of parameters, as JSON; throws what is wrong with them. */
  async snapshot(path: string): Promise<string> {
    const { success, diagnostics } = await this.#ask<Compiled>('compileParams', { path, parameterOverrides: {} });
    if (!success) throw new Error(diagnostics.map(said).join('\n'));
    const answer = await this.#ask<{ snapshot: string }>('getSnapshot', { path, metadata: place });
    const made = JSON.parse(answer.snapshot) as { outputs: object };
    // The compiler writes them in another order each time.
    const outputs = Object.fromEntries(Object.entries(made.outputs).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    return `${JSON.stringify({ ...made, outputs }, null, 2)}\n`;
  }

  stop(): void {
    this.#child.removeAllListeners('close').kill();
  }

  async #ask<T>(method: string, params: object): Promise<T> {
    const id = ++this.#asked;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    const body = JSON.stringify({ jsonrpc: '2.0', id, method: `bicep/${method}`, params });
    this.#child.stdin?.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    return (await answer.promise) as T;
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      const end = this.#received.indexOf('\r\n\r\n');
      const length = Number(/Content-Length: (\d+)/i.exec(this.#received.toString('latin1', 0, Math.max(end, 0)))?.[1]);
      if (end < 0 || this.#received.length < end + 4 + length) return;
      const body = this.#received.subarray(end + 4, end + 4 + length);
      this.#received = this.#received.subarray(end + 4 + length);
      this.#answer(JSON.parse(body.toString()) as { id: number; result?: unknown; error?: { message: string } });
    }
  }

  #answer({ id, result, error }: { id: number; result?: unknown; error?: { message: string } }): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(new Error(error.message));
    else waiting?.resolve(result);
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

const said = ({ source, range, level, code, message }: Diagnostic): string =>
  `${source}(${range.start.line + 1},${range.start.char + 1}) : ${level} ${code}: ${message}`;

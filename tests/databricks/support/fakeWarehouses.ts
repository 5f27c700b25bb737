import type {
  Compute,
  SqlOutcome,
  SqlStatement,
  StartedStatement,
  StartedWarehouse,
  WarehouseRequest,
} from '../../../local/databricks/compute.ts';
import type { TestWorkspace } from './startTestWorkspace.ts';

/** How a statement ends: at once, later, or not before it is cancelled (`never`). */
export type Answer = SqlOutcome | Promise<SqlOutcome> | 'never';

/** An engine that a test plays. */
export interface FakeEngine {
  request: WarehouseRequest;
  statements: SqlStatement[];
  closedSessions: string[];
  stopped: boolean;
  /** Its end takes as long as this. */
  closing?: Promise<void>;
  /** The engine dies by itself. */
  die(): void;
}

/** A compute whose warehouses answer as `answer` says; `ready` is what each start waits for. */
export function fakeWarehouses(
  answer: (statement: SqlStatement) => Answer,
  ready?: () => Promise<void>,
): { compute: Compute; engines: FakeEngine[] } {
  const engines: FakeEngine[] = [];
  const startWarehouse = (request: WarehouseRequest): StartedWarehouse => {
    const ended = Promise.withResolvers<void>();
    const engine: FakeEngine = {
      request,
      statements: [],
      closedSessions: [],
      stopped: false,
      die: () => ended.resolve(),
    };
    engines.push(engine);
    const waiting = ready?.();
    return {
      ...(waiting && { ready: waiting }),
      ended: ended.promise,
      execute(statement) {
        engine.statements.push(statement);
        return started(answer(statement));
      },
      closeSession: (session) => void engine.closedSessions.push(session),
      stop() {
        engine.stopped = true;
        ended.resolve();
        return engine.closing ?? Promise.resolve();
      },
    };
  };
  return {
    engines,
    compute: { startCluster: () => ({ start: unexpected, stop: () => Promise.resolve() }), startWarehouse },
  };
}

function started(answer: Answer): StartedStatement {
  const cancelled = Promise.withResolvers<SqlOutcome>();
  const outcome = answer === 'never' ? cancelled.promise : Promise.race([answer, cancelled.promise]);
  return { outcome, cancel: () => cancelled.resolve({ canceled: true }) };
}

function unexpected(): never {
  throw new Error('no notebook is expected here');
}

/** Settings that are enough for a warehouse. */
export const smallWarehouse = { name: 'verify', cluster_size: '2X-Small', warehouse_type: 'PRO', auto_stop_mins: 10 };

/** Makes a warehouse and gives its id. */
export async function createWarehouse({ call }: TestWorkspace, settings: object = smallWarehouse): Promise<string> {
  const { status, body } = await call('POST', '/api/2.0/sql/warehouses', settings);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body.id;
}

/** Makes a warehouse and moves the clock until it runs. */
export async function runningWarehouse(workspace: TestWorkspace, settings: object = smallWarehouse): Promise<string> {
  const id = await createWarehouse(workspace, settings);
  workspace.clock.advance(120_000);
  return id;
}

import type { Router } from '../../kit/router.ts';
import type { AddRoute } from '../routes.ts';
import type { Workspace } from '../workspace.ts';
import { addStatementRoutes } from './statementRoutes.ts';
import { Statements } from './statements.ts';
import { addThriftRoutes } from './thrift/thriftRoutes.ts';
import { ThriftSessions } from './thrift/thriftSessions.ts';
import { addWarehousePages } from './warehousePages.ts';
import { addWarehouseRoutes } from './warehouseRoutes.ts';
import { Warehouses } from './warehouses.ts';

/** The SQL part of a workspace that is served. */
export interface SqlService {
  /** Takes up the warehouses of an earlier process. */
  resume(): void;
  /** Ends all engines; the state stays. */
  close(): Promise<void>;
}

/** Adds everything about SQL to a workspace's routes: warehouses, statements, the Thrift endpoint, pages. */
export function serveSql(router: Router, on: AddRoute, workspace: Workspace): SqlService {
  const warehouses = new Warehouses(workspace);
  const statements = new Statements(workspace, warehouses);
  const sessions = new ThriftSessions(workspace, warehouses, statements);
  addWarehouseRoutes(on, workspace, warehouses, (id) => sessions.countIn(id));
  addThriftRoutes(on, workspace, warehouses, statements, sessions);
  addStatementRoutes(on, statements);
  addWarehousePages(router, workspace, warehouses, statements);
  return {
    resume() {
      statements.resume();
      warehouses.resume();
    },
    close() {
      statements.close();
      return warehouses.close();
    },
  };
}

import type { SqlFailure } from '../compute.ts';

/** One statement that a warehouse was given, as the workspace remembers it; the rows are elsewhere. */
export interface Statement {
  id: string;
  warehouseId: string;
  text: string;
  /** Application id of who gave it. */
  caller: string;
  /** CLOSED: it succeeded, and its rows are no longer there. */
  state: 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELED' | 'CLOSED';
  createdMs: number;
  endedMs?: number;
  rowCount?: number;
  failure?: SqlFailure;
}

export const isOver = ({ state }: Pick<Statement, 'state'>): boolean => state !== 'PENDING' && state !== 'RUNNING';

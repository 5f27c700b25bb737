import { readdirSync, readFileSync } from 'node:fs';

/** Watches the memory of a process and of all that it has started. */
export interface MemoryWatch {
  /** Ends it; gives the most bytes that were seen together, shared pages counted once; undefined where there is no /proc. */
  stop(): number | undefined;
}

const intervalMs = 500;

/** Looks twice a second at the proportional set size (Linux) of the tree whose root is `pid`. */
export function watchMemory(pid: number): MemoryWatch {
  let most: number | undefined;
  const look = (): void => {
    const bytes = process.platform === 'linux' ? memoryOf(treeOf(pid)) : undefined;
    if (bytes !== undefined) most = Math.max(most ?? 0, bytes);
  };
  const timer = setInterval(look, intervalMs);
  return {
    stop() {
      clearInterval(timer);
      return most;
    },
  };
}

/** The process and its descendants. */
function treeOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : undefined;
    // The second field is the program's name in parentheses, which may hold anything.
    const parent = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const tree = [root];
  for (const member of tree) for (const [pid, parent] of parents) if (parent === member) tree.push(pid);
  return tree;
}

const memoryOf = (pids: number[]): number =>
  pids.reduce((sum, pid) => {
    const kilobytes = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1];
    return sum + Number(kilobytes ?? 0) * 1024;
  }, 0);

/** Undefined when the process has ended meanwhile. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

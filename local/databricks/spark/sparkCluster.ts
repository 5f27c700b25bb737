import type { ClusterRequest, StartedCluster } from '../compute.ts';
import type { NotebookOutcome, NotebookRequest, StartedNotebook } from '../notebooks/notebookRequest.ts';
import { pythonEnvironment } from '../notebooks/pythonEnvironment.ts';
import { startPythonNotebook } from '../notebooks/pythonNotebook.ts';
import type { SparkInstallation } from './sparkCompute.ts';
import { type SparkProcess, startSparkProcess } from './sparkProcess.ts';

/** Where a notebook's Python process finds its session in the driver. */
interface Gateway {
  port: string;
  secret: string;
}

/** A job cluster with Spark: one driver process, to which each notebook's Python process attaches. */
export function startSparkCluster(installation: SparkInstallation, cluster: ClusterRequest): StartedCluster {
  const driver = new Driver(installation, cluster);
  const notebooks = new Set<StartedNotebook>();
  return {
    ready: driver.ready,
    ended: driver.ended.then(() => undefined),
    start(request) {
      const notebook = startNotebook(installation, driver, request);
      notebooks.add(notebook);
      void notebook.outcome.then(() => notebooks.delete(notebook));
      return notebook;
    },
    async stop() {
      const left = [...notebooks];
      for (const notebook of left) notebook.cancel();
      await Promise.all([driver.stop(), ...left.map(({ outcome }) => outcome)]);
    },
  };
}

class Driver {
  readonly ready: Promise<void>;
  readonly ended: Promise<string>;
  /** How it has ended, once it has. */
  end: string | undefined;
  readonly #process: SparkProcess;
  readonly #attaching = new Map<string, (gateway: Gateway) => void>();

  constructor({ bytecode, ...installation }: SparkInstallation, cluster: ClusterRequest) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settings = {
      'spark.databricks.clusterUsageTags.clusterId': cluster.clusterId,
      'spark.databricks.clusterUsageTags.sparkVersion': cluster.sparkVersion,
    };
    const environment = pythonEnvironment(bytecode);
    const mainClass = 'local.databricks.ClusterDriver';
    this.#process = startSparkProcess({ ...cluster, ...installation, mainClass, settings, environment }, (line) => {
      const [word, notebook = '', port = '', secret = ''] = line.split(' ');
      if (word === 'ready') resolve();
      if (word === 'attached') this.#attaching.get(notebook)?.({ port, secret });
    });
    this.ready = promise;
    this.ended = this.#process.ended.then((how) => {
      this.end = how;
      reject(new Error(`The driver ended before it was ready: ${how}`));
      return how;
    });
    // Nobody may wait for a driver that is stopped while it starts.
    promise.catch(() => undefined);
  }

  attach(notebook: string): Promise<Gateway> {
    return new Promise((resolve) => {
      this.#attaching.set(notebook, resolve);
      this.#process.send(`attach ${notebook}`);
    });
  }

  /** Ends the Spark jobs of a notebook, and its way to the driver. */
  detach(notebook: string): void {
    this.#attaching.delete(notebook);
    this.#process.send(`detach ${notebook}`);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}

function startNotebook(installation: SparkInstallation, driver: Driver, request: NotebookRequest): StartedNotebook {
  let running: StartedNotebook | undefined;
  let cancelled = false;
  void driver.ended.then(() => running?.cancel());
  const run = async (): Promise<NotebookOutcome> => {
    const gateway = await Promise.race([driver.attach(request.runId), driver.ended]);
    if (cancelled) return { error: 'Cancelled' };
    if (typeof gateway === 'string') return lostWith(gateway);
    running = startPythonNotebook(installation, request, gatewayEnvironment(installation, gateway));
    const outcome = await running.outcome;
    driver.detach(request.runId);
    if (driver.end === undefined || cancelled || outcome.error === undefined) return outcome;
    return lostWith(driver.end);
  };
  const cancel = (): void => {
    cancelled = true;
    running?.cancel();
    driver.detach(request.runId);
  };
  return { outcome: run(), cancel };
}

const lostWith = (how: string): NotebookOutcome => ({
  driverLost: true,
  error: `The Spark driver of the cluster ended with ${how}`,
});

// The names that PySpark looks for (pyspark/java_gateway.py).
const gatewayEnvironment = ({ python }: SparkInstallation, { port, secret }: Gateway): Record<string, string> => ({
  PYSPARK_GATEWAY_PORT: port,
  PYSPARK_GATEWAY_SECRET: secret,
  PYSPARK_PYTHON: python,
});

import type { ClusterRequest, StartedCluster } from '../compute.ts';
import type { NotebookOutcome, NotebookRequest, StartedNotebook } from '../notebooks/notebookRequest.ts';
import { pythonEnvironment } from '../notebooks/pythonEnvironment.ts';
import { startPythonNotebook } from '../notebooks/pythonNotebook.ts';
import type { SparkInstallation } from './sparkInstallation.ts';
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
  hasEnded = false;
  readonly #process: SparkProcess;
  readonly #asked = new Map<string, PromiseWithResolvers<string[]>>();

  constructor({ compiled, ...installation }: SparkInstallation, cluster: ClusterRequest) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settings = {
      'spark.databricks.clusterUsageTags.clusterId': cluster.clusterId,
      'spark.databricks.clusterUsageTags.sparkVersion': cluster.sparkVersion,
    };
    const environment = pythonEnvironment(compiled);
    const mainClass = 'local.databricks.ClusterDriver';
    this.#process = startSparkProcess({ ...cluster, ...installation, mainClass, settings, environment }, (line) => {
      const [word, notebook, ...answer] = line.split(' ');
      if (word === 'ready') return resolve();
      this.#asked.get(`${word} ${notebook}`)?.resolve(answer);
      this.#asked.delete(`${word} ${notebook}`);
    });
    this.ready = promise;
    this.ended = this.#process.ended.then((how) => {
      this.hasEnded = true;
      reject(new Error(`The driver ended before it was ready: ${how}`));
      return how;
    });
  }

  /** Undefined when the driver has ended. */
  async attach(notebook: string): Promise<Gateway | undefined> {
    const answer = await this.#ask('attach', notebook);
    return answer && { port: answer[0] ?? '', secret: answer[1] ?? '' };
  }

  /** Ends the Spark jobs of a notebook and its way to the driver; false when the driver has ended. */
  async detach(notebook: string): Promise<boolean> {
    return (await this.#ask('detach', notebook)) !== undefined;
  }

  // A driver that dies may seem alive for a moment, but does not answer.
  async #ask(command: string, notebook: string): Promise<string[] | undefined> {
    const wanted = `${command}ed ${notebook}`;
    // A cancel may meet the notebook's own end: both wait for the one answer that there may still be.
    const answered = this.#asked.get(wanted) ?? Promise.withResolvers<string[]>();
    this.#asked.set(wanted, answered);
    this.#process.send(`${command} ${notebook}`);
    return Promise.race([answered.promise, this.ended.then(() => undefined)]);
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
    const gateway = await driver.attach(request.runId);
    if (cancelled) return { error: 'Cancelled' };
    if (!gateway) return lostWith(await driver.ended);
    running = startPythonNotebook(installation, request, gatewayEnvironment(installation, gateway));
    const outcome = await running.outcome;
    const isUp = await driver.detach(request.runId);
    return isUp || cancelled || outcome.error === undefined ? outcome : lostWith(await driver.ended);
  };
  const cancel = (): void => {
    // What the loss of the driver ends is not cancelled.
    cancelled ||= !driver.hasEnded;
    running?.cancel();
    void driver.detach(request.runId);
  };
  const outcome = run().catch((error: Error) => ({ driverLost: true, error: error.message }));
  return { outcome, cancel };
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

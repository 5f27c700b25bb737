import { Router } from '../kit/router.ts';
import { type ApiServer, type ServerOptions, startServer } from '../kit/server.ts';
import { errorReply, notEmulated } from './apiError.ts';
import { Callers } from './callers.ts';
import { addDbfsRoutes } from './files/dbfsRoutes.ts';
import { addWorkspaceRoutes } from './files/workspaceRoutes.ts';
import { addRepoRoutes } from './git/repoRoutes.ts';
import { Repos } from './git/repos.ts';
import { addClusterRoutes } from './jobs/clusterRoutes.ts';
import { addJobRoutes } from './jobs/jobRoutes.ts';
import { addRunRoutes } from './jobs/runRoutes.ts';
import { RunEngine } from './jobs/runEngine.ts';
import { addMlflow } from './mlflow/addMlflow.ts';
import { addPageRoutes } from './pages/pageRoutes.ts';
import { memberRoutes } from './routes.ts';
import { scenarioRoutes } from './scenarios.ts';
import { addScimRoutes } from './scim/scimRoutes.ts';
import { serveSql } from './sql/serveSql.ts';
import { thriftAction } from './sql/thrift/thriftRoutes.ts';
import { addUnity } from './unity/addUnity.ts';
import { type WorkspaceRecord, type WorkspaceSettings, openWorkspace } from './workspace.ts';

export interface RunningWorkspace {
  /** With the port that the server got. */
  record: WorkspaceRecord;
  host: string;
  server: ApiServer;
  close(): Promise<void>;
}

/** Serves one workspace: on its old port when it has one, otherwise on a free one. */
export async function serveWorkspace(given: WorkspaceRecord, settings: WorkspaceSettings): Promise<RunningWorkspace> {
  const record = { ...given };
  const workspace = openWorkspace(record, settings);
  const callers = new Callers(workspace);
  const repos = new Repos(workspace);
  const engine = new RunEngine(workspace, callers);
  const router = new Router();
  const on = memberRoutes(router, callers);
  addScimRoutes(on, callers);
  addWorkspaceRoutes(on, workspace, repos);
  addDbfsRoutes(on, workspace);
  addRepoRoutes(on, repos);
  addJobRoutes(on, workspace, callers);
  addRunRoutes(on, workspace, engine);
  addClusterRoutes(on, engine.clusters, workspace.scenarios);
  const sql = serveSql(router, on, workspace);
  addUnity(on, router, workspace, addMlflow(on, router, workspace));
  addPageRoutes(router, workspace);
  // Clients look here, without a token, for what kind of host this is (databricks-sdk-py, oauth.py).
  router.on('GET', '/.well-known/databricks-config', ({ origin }) => ({
    body: { oidc_endpoint: `${origin}/oidc`, workspace_id: record.workspaceId, cloud: 'AZURE' },
  }));
  const options: ServerOptions = {
    router,
    unknownRoute: ({ method, path }) => errorReply(notEmulated(`${method} ${path}`)),
    errorReply,
    // MLflow's client tells by it which workspace a run belongs to.
    replyHeaders: () => ({ 'x-databricks-org-id': record.workspaceId }),
    actionOf: thriftAction,
    control: scenarioRoutes(workspace.scenarios),
    certificate: settings.certificate,
    port: record.port,
    clock: settings.clock,
    network: settings.machine.network,
  };
  const server = await startServer(options).catch((cause: Error) => {
    workspace.close();
    throw new Error(
      `The workspace ${record.name} cannot be served at its address ${workspace.host()}: ${cause.message}`,
      { cause },
    );
  });
  record.port = server.port;
  engine.resume();
  sql.resume();
  return {
    record,
    host: workspace.host(),
    server,
    close: async () => {
      await engine.close();
      await sql.close();
      await server.close();
      workspace.close();
    },
  };
}

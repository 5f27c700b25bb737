import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { delegation } from '../azure/delegation.ts';
import { type Azure, startAzure } from '../azure/startAzure.ts';
import type { Compute } from '../databricks/compute.ts';
import { type Databricks, startDatabricks } from '../databricks/startDatabricks.ts';
import { type Certificate, ensureCertificate } from '../kit/certificate.ts';
import { type Clock, systemClock } from '../kit/clock.ts';
import { type Machine, thisMachine } from '../kit/machine.ts';
import { ensureSigningKey } from '../kit/tokens.ts';
import { localLocation, localPerson, localResourceGroup, tenantId } from './localNames.ts';
import { personToken } from './personToken.ts';

/** How long the local cloud takes for what takes minutes in Azure, in seconds. */
export interface Latencies {
  workspaceSeconds: number;
  /** What Azure asks to wait between looks at a creation; it asks nothing when left out, as it mostly does. */
  retryAfterSeconds?: number;
  replicationSeconds: number;
  storageSeconds: number;
  cloneSeconds: number;
  clusterSeconds: number;
  gpuClusterSeconds: number;
  warehouseSeconds: number;
}

export interface CloudOptions {
  /** Where the cloud keeps its state; a cloud started there again goes on. */
  folder: string;
  /** The folder or repository that stands for the accelerator's public one. */
  repository: string;
  /** Folders or repositories that stand for other public ones, by address. */
  otherRepositories?: Record<string, string>;
  compute: Compute;
  latencies: Latencies;
  /** Those of the workspace of this name, where they differ; the directory has its own in `latencies`. */
  latenciesFor?: (workspaceName: string) => Latencies;
  clock?: Clock;
  azurePort?: number;
  identityPort?: number;
  machine?: Machine;
  /** Whether the app gets an Application Insights resource; none when left out. */
  telemetry?: boolean;
}

/** Azure and Databricks on this machine, and the settings by which the app finds them. */
export interface Cloud {
  azure: Azure;
  databricks: Databricks;
  certificate: Certificate;
  /** Environment of the function app: endpoints, identity, allow-lists, polling that suits the latencies. */
  settings: Record<string, string>;
  /** A token for Resource Manager of the person who owns the resource group. */
  personToken(): string;
  close(): Promise<void>;
}

const subscriptionId = '7d1f9a52-5c1e-4b0a-9d57-1f2c3b4a5d6e';
const app = { clientId: '5f3c2b1a-0d9e-4f8c-b7a6-958473625140', objectId: '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d' };
const repositoryUrl = 'https://github.com/accelerator-deployer/predicting-implied-volatility';

export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { folder, latencies, latenciesFor, clock = systemClock, machine = thisMachine } = options;
  const certificate = await ensureCertificate(join(folder, 'tls'));
  const signingKey = ensureSigningKey(join(folder, 'directory.key'));
  const store = machine.openStore(join(folder, 'azure.sqlite'));
  const databricks = await startDatabricks({
    certificate,
    folder: join(folder, 'databricks'),
    signingKey,
    clock,
    repositories: { ...options.otherRepositories, [repositoryUrl]: options.repository },
    compute: options.compute,
    latencies,
    machine,
    ...(latenciesFor && { latenciesFor }),
    mayAdminister: (resourceId, objectId) => azure.mayAdminister(resourceId, objectId),
  });
  const azure: Azure = await startAzure({
    certificate,
    store,
    signingKey,
    clock,
    network: machine.network,
    subscriptionId,
    tenantId,
    app,
    resourceGroups: [{ name: localResourceGroup, location: localLocation }],
    people: [localPerson],
    delegation,
    latencies,
    ...(latenciesFor && { workspaceSecondsFor: (name) => latenciesFor(name).workspaceSeconds }),
    workspaces: databricks,
    ...(options.azurePort !== undefined && { port: options.azurePort }),
    ...(options.identityPort !== undefined && { identityPort: options.identityPort }),
    ...(options.telemetry && { telemetry: true }),
  });
  return {
    azure,
    databricks,
    certificate,
    settings: settingsFor(azure, certificate, folder, latencies),
    personToken: () => personToken(signingKey, clock),
    async close() {
      await azure.close();
      await databricks.close();
      store.close();
    },
  };
}

function settingsFor(
  azure: Azure,
  certificate: Certificate,
  folder: string,
  latencies: Latencies,
): Record<string, string> {
  const { workspaceSeconds: workspace, storageSeconds: storage } = latencies;
  const { clusterSeconds, gpuClusterSeconds, warehouseSeconds } = latencies;
  return {
    TASKHUB_NAME: 'deployer',
    AZURE_SUBSCRIPTION_ID: subscriptionId,
    AZURE_CLIENT_ID: app.clientId,
    AZURE_RESOURCE_MANAGER_URL: azure.url,
    DATABRICKS_HOST_PATTERN: '^localhost:\\d+$',
    IDENTITY_ENDPOINT: azure.identityEndpoint,
    IDENTITY_HEADER: azure.identityHeader,
    NODE_EXTRA_CA_CERTS: certificate.caFile,
    ...(azure.ingestion && { APPLICATIONINSIGHTS_CONNECTION_STRING: azure.ingestion.connectionString }),
    ACCELERATORS: JSON.stringify({ 'predicting-implied-volatility': { repositoryUrl, branch: 'main' } }),
    ALLOWED_RESOURCE_GROUPS: localResourceGroup,
    ALLOWED_LOCATIONS: `${localLocation},northeurope`,
    ALLOWED_NODE_TYPES: 'Standard_NC4as_T4_v3,Standard_D4ads_v5',
    // One person tries things out here, again and again.
    MAX_STARTS_PER_HOUR: '1000',
    STATUS_LINK_KEY: ensureSecret(join(folder, 'status-link.key')),
    POLL_FLOOR_SECONDS: '0.5',
    POLL_CEILING_SECONDS: '2',
    EXPECTED_SECONDS: JSON.stringify({
      workspace,
      storage,
      runme: clusterSeconds + 5,
      notebooks: gpuClusterSeconds + 60,
      warehouse: warehouseSeconds + 5,
    }),
  };
}

function ensureSecret(file: string): string {
  if (!existsSync(file)) {
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 });
  }
  return readFileSync(file, 'utf8');
}

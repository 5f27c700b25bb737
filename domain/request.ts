import * as v from 'valibot';
import { acceleratorWish } from './accelerator.ts';
import { network } from './network.ts';
import { plainObject } from './plainObject.ts';
import type { RequestFault } from './requestFault.ts';
import { tags } from './tags.ts';

export type { RequestFault } from './requestFault.ts';

export const resourceGroupName = v.pipe(
  v.string(),
  v.regex(
    /^[-\w.()]{1,90}$/,
    'A resource group has 1 to 90 letters, digits, underscores, hyphens, periods or parentheses.',
  ),
  v.regex(/[^.]$/, 'A resource group does not end with a period.'),
);
export const workspaceName = v.pipe(
  v.string(),
  v.regex(/^[-\w]{3,64}$/, 'A Databricks workspace has 3 to 64 letters, digits, underscores or hyphens.'),
);
const identityName = v.pipe(
  v.string(),
  v.regex(
    /^[a-zA-Z0-9][-\w]{2,127}$/,
    'A managed identity has 3 to 128 letters, digits, underscores or hyphens and starts with a letter or digit.',
  ),
);
const location = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9]{2,40}$/, 'A location is written as in `az account list-locations`, e.g. westeurope.'),
);
const runtimeKey = v.pipe(
  v.string(),
  v.regex(/^[\w.-]{3,80}$/, 'A Databricks runtime is a key such as 15.4.x-gpu-ml-scala2.12.'),
);
const nodeType = v.pipe(
  v.string(),
  v.regex(/^\w{3,60}$/, 'A node type is an Azure size such as Standard_NC4as_T4_v3.'),
);
// RUNME's widgets for its cluster are bound by the allow-lists, so they are not open to everyone's wishes.
const ownParameters = new Set(['spark_version', 'node_type_id', 'num_workers', 'deployment', 'attempt', 'wait']);

const parameters = v.pipe(
  plainObject,
  v.record(
    v.pipe(
      v.string(),
      v.regex(
        /^[a-z][a-z0-9_]{0,39}$/,
        'A notebook parameter has a name of lower-case letters, digits and underscores.',
      ),
      v.check(
        (name) => !ownParameters.has(name),
        'The deployer sets this parameter itself, from `compute` or on its own.',
      ),
    ),
    v.pipe(v.string(), v.maxLength(200, 'A notebook parameter has at most 200 characters.')),
  ),
  v.maxEntries(20, 'At most 20 notebook parameters.'),
);

/** The body of `POST /api/deployments`. Unknown keys are refused, so that a misspelt wish is never silently dropped. */
export const deploymentRequest = v.strictObject({
  accelerator: v.optional(v.pipe(plainObject, acceleratorWish), 'predicting-implied-volatility'),
  resourceGroup: resourceGroupName,
  workspaceName,
  location: v.optional(location),
  identityName: v.optional(identityName),
  ifExists: v.optional(v.picklist(['use', 'fail'], 'Either "use" or "fail".'), 'use'),
  compute: v.optional(
    v.pipe(
      plainObject,
      v.strictObject({
        sparkVersion: v.optional(runtimeKey),
        nodeType: v.optional(nodeType),
        workers: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(64))),
      }),
    ),
    {},
  ),
  parameters: v.optional(parameters, {}),
  tags: v.optional(tags, {}),
  network: v.optional(network),
});

/** The body of `POST …/retry`, which may be left out. */
export const retryRequest = v.pipe(plainObject, v.strictObject({ rerun: v.optional(v.boolean(), false) }));

export type DeploymentRequest = v.InferOutput<typeof deploymentRequest>;

/** The request with its defaults, or every fault that it has. */
export function parseRequest(body: unknown): { request: DeploymentRequest } | { faults: RequestFault[] } {
  const parsed = v.safeParse(deploymentRequest, body);
  if (parsed.success) return { request: parsed.output };
  return { faults: faultsIn(parsed.issues) };
}

/** Where each issue is and what it says. */
export const faultsIn = (issues: readonly v.BaseIssue<unknown>[]): RequestFault[] =>
  issues.map((issue) => ({ pointer: pointerOf(issue), message: messageOf(issue) }));

function pointerOf(issue: v.BaseIssue<unknown>): string {
  const path = (issue.path ?? []).map((item) => String(item.key).replaceAll('~', '~0').replaceAll('/', '~1'));
  return path.map((part) => `/${part}`).join('');
}

function messageOf(issue: v.BaseIssue<unknown>): string {
  if (issue.kind === 'schema' && issue.expected === 'never') return 'This key is not known.';
  if (issue.kind === 'schema' && issue.received === 'undefined') return 'This key is missing.';
  return issue.message;
}

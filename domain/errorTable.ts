const untilLimitOfStep = Number.POSITIVE_INFINITY;

/** What is known of a code. */
export interface ErrorEntry {
  status?: number;
  retryForSeconds?: number;
  title: string;
  hint: string;
  link?: string;
}

/**
 * Every failure that a caller can see, by code; docs/errors.md is made from it.
 * `status`: the HTTP status when the code answers a request. `hint`: what a person can do.
 * `retryForSeconds`: how long a retryable failure of this code may last, which can be shorter than its step's limit:
 * a missing right may be a role that still spreads, or a role that nobody gave. Without it the code is never retried.
 * `link`: the page of the documentation that helps, where the failure has no link of its own.
 */
export const errorTable = {
  REQUEST_NOT_JSON: {
    status: 400,
    title: 'The body is not JSON',
    hint: 'Send a JSON object with a Content-Length; a chunked body arrives empty.',
  },
  REQUEST_INVALID: {
    status: 422,
    title: 'The request has faults',
    hint: 'Mend what `errors` points at and send it again.',
  },
  REQUEST_TOO_LARGE: { status: 413, title: 'The body is too large', hint: 'A request fits into 16 kB.' },
  NOT_ALLOWED: {
    status: 422,
    title: 'The target is not allowed here',
    hint: 'Choose an allowed value, or ask the operator to add it to the allow-list in the settings.',
  },
  DEPLOYMENT_CONFLICT: {
    status: 409,
    title: 'The same target is being deployed with another request, or deleted',
    hint: 'Wait until it is over, then send the request again.',
  },
  TOO_MANY_DEPLOYMENTS: {
    status: 429,
    title: 'Too many deployments are running',
    hint: 'Wait until one is over, then send the request again.',
  },
  TOO_MANY_STARTS: {
    status: 429,
    title: 'The caller started too many deployments',
    hint: 'Wait as long as Retry-After says, then send the request again; the operator can raise MAX_STARTS_PER_HOUR.',
  },
  CALLER_NOT_ALLOWED: {
    status: 403,
    title: 'The caller may not do this',
    hint: 'Ask the operator for the app role that the detail names, and sign in again: a token keeps the roles it was given with.',
  },
  DEPLOYMENT_NOT_FOUND: {
    status: 404,
    title: 'There is no such deployment',
    hint: 'Look up the id in the list of deployments.',
  },
  DEPLOYMENT_ACTIVE: {
    status: 409,
    title: 'The deployment is running',
    hint: 'Wait until it is over, or cancel it first.',
  },
  DEPLOYMENT_OVER: {
    status: 409,
    title: 'The deployment is over',
    hint: 'There is nothing to cancel; go on with `retry`, or remove what it made with DELETE.',
  },
  NOTHING_TO_RETRY: {
    status: 409,
    title: 'The deployment has succeeded',
    hint: 'Send `{"rerun": true}` to run the accelerator again.',
  },
  DEPLOYMENT_DELETED: {
    status: 409,
    title: 'The deployment has been deleted',
    hint: 'Send the request again with POST /api/deployments to deploy anew.',
  },
  PLAN_TIMEOUT: {
    status: 504,
    title: 'What there is could not be read in time',
    hint: 'Ask again; when Azure or Databricks is slow, the deletion itself has more time.',
  },
  SIGNATURE_INVALID: {
    status: 401,
    title: 'The status link is not valid',
    hint: 'Use the link as it was given, or read the deployment with a function key.',
  },
  SETTINGS_INVALID: {
    status: 500,
    title: 'The app is not configured',
    hint: 'Mend the application settings that the message names.',
  },
  INTERNAL: { status: 500, title: 'The deployer failed', hint: 'Look up the invocation in the app\u2019s log.' },

  TOKEN_UNAVAILABLE: {
    retryForSeconds: 1800,
    title: 'The app\u2019s identity got no token',
    hint: 'Check that the identity of AZURE_CLIENT_ID is attached to the app.',
    link: 'https://learn.microsoft.com/cli/azure/functionapp/identity',
  },
  AZURE_UNAVAILABLE: {
    retryForSeconds: untilLimitOfStep,
    title: 'Azure did not answer properly',
    hint: 'Look at Azure\u2019s status page, then send the request again.',
  },
  AZURE_THROTTLED: {
    retryForSeconds: untilLimitOfStep,
    title: 'Azure asks to slow down',
    hint: 'Wait some minutes, then send the request again.',
    link: 'https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling',
  },
  AZURE_DENIED: {
    retryForSeconds: 600,
    title: 'The app may not do this in Azure',
    hint: 'Give the app\u2019s identity Contributor and a conditioned Role Based Access Control Administrator on the resource group, and Network Contributor on a virtual network that the request names.',
    link: 'https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-portal',
  },
  AZURE_REJECTED: {
    title: 'Azure refused the request',
    hint: 'Read Azure\u2019s message, mend the cause and send the request again.',
  },
  POLICY_DENIED: {
    title: 'An Azure policy forbids this',
    hint: 'Meet the policy that the message names, or ask its owner for an exemption.',
    link: 'https://learn.microsoft.com/azure/governance/policy/concepts/exemption-structure',
  },
  PROVIDER_NOT_REGISTERED: {
    title: 'A resource provider is not registered',
    hint: 'Run `az provider register --namespace Microsoft.Databricks` with rights on the subscription.',
    link: 'https://learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types',
  },
  RESOURCE_GROUP_MISSING: {
    title: 'The resource group does not exist',
    hint: 'Create it with `az group create --name <group> --location <location>`, then send the request again.',
  },
  ROLE_MISSING: {
    retryForSeconds: 600,
    title: 'The app\u2019s identity lacks a role',
    hint: 'Give it the role with the command that the cause shows; a role needs up to ten minutes to count.',
  },
  LOCATION_NOT_OFFERED: {
    title: 'The location does not offer what is to be created',
    hint: 'Choose a location that `az provider show --namespace Microsoft.Databricks` lists.',
  },
  QUOTA_TOO_LOW: {
    title: 'The quota of cores is smaller than a cluster',
    hint: 'Raise the quota with the command that the cause shows, or ask for smaller clusters in `compute`.',
  },
  RUNTIME_NOT_OFFERED: {
    title: 'The workspace does not offer the runtime',
    hint: 'Send `compute.sparkVersion` with a key that `databricks clusters spark-versions` lists.',
  },
  NODE_TYPE_NOT_OFFERED: {
    title: 'The workspace does not offer the node type',
    hint: 'Send `compute.nodeType` with one that `databricks clusters list-node-types` lists, or let the subscription have it.',
  },
  PRINCIPAL_NOT_FOUND: {
    retryForSeconds: 600,
    title: 'The new identity is not known to Entra ID yet',
    hint: 'Send the request again; if it stays, look at the identity in the portal.',
    link: 'https://learn.microsoft.com/azure/role-based-access-control/troubleshooting',
  },
  WORKSPACE_EXISTS: {
    title: 'The workspace exists already',
    hint: 'Send `"ifExists": "use"` to deploy into it, or choose another name.',
  },
  WORKSPACE_NOT_PREMIUM: {
    title: 'The workspace is not premium',
    hint: 'Upgrade its pricing tier to premium, or deploy into another workspace.',
  },
  NETWORK_INCOMPLETE: {
    title: 'The virtual network needs subnets',
    hint: 'Name `publicSubnet` and `privateSubnet` in `network`: a pair that is delegated to Microsoft.Databricks/workspaces and serves no other workspace.',
  },
  WORKSPACE_NETWORK_DIFFERS: {
    title: 'The workspace has another network',
    hint: 'Leave `network` out to use the workspace as it is, or choose another name: Azure keeps the network of a workspace.',
  },
  WORKSPACE_FAILED: {
    title: 'Azure could not create the workspace',
    hint: 'Read Azure\u2019s message, mend the cause and send the request again.',
  },
  WORKSPACE_TIMEOUT: {
    title: 'The workspace was not ready in time',
    hint: 'Look at the workspace in the portal; send the request again when it is ready.',
  },
  WORKSPACE_GONE: {
    title: 'The workspace has been deleted',
    hint: 'Somebody deleted it; send the request again to make it anew.',
  },
  WORKSPACE_SHARED: {
    title: 'Other deployments work in this workspace',
    hint: 'Delete those that the message names first; what this deployment made is theirs to use until then.',
  },
  RESOURCE_LOCKED: {
    title: 'A lock in Azure forbids the deletion',
    hint: 'Remove the lock that the message names, or ask its owner to, then delete again.',
  },
  REMOVAL_FAILED: {
    title: 'Azure could not delete the workspace',
    hint: 'Read Azure\u2019s message, mend the cause and delete again; what is gone already stays gone.',
  },
  REMOVAL_TIMEOUT: {
    title: 'Something was not gone in time',
    hint: 'Look at what the message names; delete again, which waits for what is under way.',
  },
  WORKSPACE_HOST_REFUSED: {
    title: 'The workspace has an address that is not allowed',
    hint: 'Check DATABRICKS_HOST_PATTERN in the settings.',
  },

  DATABRICKS_UNAVAILABLE: {
    retryForSeconds: untilLimitOfStep,
    title: 'Databricks did not answer properly',
    hint: 'Look at the Azure Databricks status page, then send the request again.',
  },
  DATABRICKS_THROTTLED: {
    retryForSeconds: untilLimitOfStep,
    title: 'Databricks asks to slow down',
    hint: 'Wait some minutes, then send the request again.',
    link: 'https://learn.microsoft.com/azure/databricks/resources/limits',
  },
  DATABRICKS_DENIED: {
    retryForSeconds: 600,
    title: 'The app may not do this in the workspace',
    hint: 'Give the app\u2019s identity Contributor on the workspace, or make it a workspace admin.',
    link: 'https://learn.microsoft.com/azure/role-based-access-control/troubleshooting',
  },
  DATABRICKS_REJECTED: {
    title: 'Databricks refused the request',
    hint: 'Read the message, mend the cause and send the request again.',
  },
  STORAGE_TIMEOUT: {
    title: 'The workspace\u2019s storage was not ready in time',
    hint: 'Open the workspace; when its file browser works, send the request again.',
  },
  REPOSITORY_FAILED: {
    retryForSeconds: 120,
    title: 'The repository could not be cloned',
    hint: 'Check the repository\u2019s address, branch or tag in the catalogue, and the workspace\u2019s access to it.',
    link: 'https://learn.microsoft.com/azure/databricks/repos/automate-with-sp',
  },
  JOB_TEMPLATE_INVALID: {
    title: 'The accelerator\u2019s job template is not valid',
    hint: 'Mend the template in the repository (notebooks/job-template.json, or `jobTemplate` of the catalogue).',
  },
  RUNME_MISSING: {
    title: 'The repository has no such RUNME',
    hint: 'Name RUNME by its path in the repository, without its ending, in `runmePath`.',
  },
  NOTEBOOK_FAILED: {
    title: 'A notebook failed',
    hint: 'Open the run, read the failing cell, mend its cause and send the request again.',
  },
  RUN_FAILED: {
    title: 'Databricks could not carry out the run',
    hint: 'Open the run and read why. What can pass by itself was repaired once already: send the request again later.',
  },
  CLUSTER_QUOTA: {
    title: 'The subscription has too few cores for the cluster',
    hint: 'The message names the family and the limit that it takes. See all limits with `az vm list-usage --location <region> --output table`, ask for more at https://portal.azure.com/#view/Microsoft_Azure_Capacity/QuotaMenuBlade/~/myQuotas, then send the request again.',
    link: 'https://learn.microsoft.com/azure/azure-resource-manager/templates/error-resource-quota',
  },
  CLUSTER_UNAVAILABLE: {
    title: 'The cloud could not give the run its cluster, or took it away',
    hint: 'A run is repaired once by itself; send the request again later, or choose another node type or region.',
  },
  CLUSTER_REFUSED: {
    title: 'The cluster cannot be as the job describes it',
    hint: 'Choose a node type and a runtime that this workspace offers and its network has room for, then send the request again.',
  },
  RUN_CANCELED: { title: 'The run was cancelled in Databricks', hint: 'Send the request again to run it once more.' },
  RUN_TIMEOUT: {
    title: 'The run was not over in time',
    hint: 'Open the run; raise the limit or make the run shorter.',
  },
  RUN_LOST: {
    title: 'The run is gone',
    hint: 'Somebody deleted it; send the request again to run it once more.',
  },
  RUN_NOT_ENDED: {
    title: 'A run of an earlier attempt would not end',
    hint: 'Open it and cancel it in Databricks, then retry: two runs at a time would write the same tables.',
  },
  RUNME_RESULT_INVALID: {
    title: 'RUNME did not say which run it started',
    hint: 'RUNME must end with dbutils.notebook.exit(\u2026) of job_id and run_id as JSON, or run its job with the companion library (parameter run_job).',
    link: 'https://learn.microsoft.com/azure/databricks/notebooks/notebook-workflows',
  },

  RESULTS_UNDECLARED: {
    title: 'The notebooks did not say where their results are',
    hint: 'The last notebook must hand over tables, rows, mlflow and model as JSON; set `"verify": false` for an accelerator that cannot.',
    link: 'https://learn.microsoft.com/azure/databricks/notebooks/notebook-workflows',
  },
  RESULTS_MISSING: {
    retryForSeconds: 120,
    title: 'A result that the notebooks named is not there',
    hint: 'Somebody dropped it, or the notebooks wrote elsewhere; send the request again to run them once more.',
  },
  RESULTS_EMPTY: {
    title: 'A table of the results is empty',
    hint: 'Open the run and see why the notebook wrote no rows; mend it and send the request again.',
  },
  RESULTS_STALE: {
    title: 'The results are those of another run',
    hint: 'Let no other run write to the same schema, then send the request again to run the notebooks once more.',
  },
  RESULTS_INVALID: {
    title: 'The results contradict what the notebooks said of them',
    hint: 'Open what the message names, compare it with the notebook\u2019s output, mend the notebook and send the request again.',
  },
  WAREHOUSE_FAILED: {
    retryForSeconds: untilLimitOfStep,
    title: 'The SQL warehouse could not start',
    hint: 'Read the reason: quota and network are the usual causes; mend it and send the request again.',
    link: 'https://learn.microsoft.com/azure/azure-resource-manager/templates/error-resource-quota',
  },
  WAREHOUSE_TIMEOUT: {
    title: 'The SQL warehouse did not start in time',
    hint: 'Open the warehouse and start it there; when it runs, send the request again.',
  },
  WAREHOUSE_LOST: {
    title: 'The SQL warehouse is gone',
    hint: 'Somebody deletes it while it is used; let it be and send the request again.',
  },
  SQL_DENIED: {
    retryForSeconds: 600,
    title: 'The app may not read the results',
    hint: 'Give the app\u2019s identity CAN USE on the warehouse; USE CATALOG and USE SCHEMA; SELECT on the tables, EXECUTE on the model; CAN READ on the experiment.',
    link: 'https://learn.microsoft.com/azure/databricks/data-governance/unity-catalog/manage-privileges/',
  },
  SQL_FAILED: {
    retryForSeconds: 300,
    title: 'A query of the results failed',
    hint: 'Look up the SQLSTATE and the message; run the query in the workspace\u2019s SQL editor to see more.',
    link: 'https://learn.microsoft.com/azure/databricks/error-messages/sqlstates',
  },

  CANCELLED: {
    title: 'The deployment was cancelled',
    hint: 'Go on at the step where it was cancelled with `retry`, or remove what it made with DELETE.',
  },
  DEPLOYMENT_TIMEOUT: {
    title: 'The deployment was not over in time',
    hint: 'See at which step it was; raise `deployment` in LIMIT_SECONDS if it needs that long, and retry.',
  },
  ANSWER_INVALID: {
    // A shape that is new stays so, but the page of a gateway passes.
    retryForSeconds: 600,
    title: 'The cloud\u2019s answer has an unknown shape',
    hint: 'Send the request again; if it stays, report it with the message.',
  },
  NOT_SHOWN_YET: {
    // The last look has to come two minutes or more after the first, and pauses grow to one.
    retryForSeconds: 300,
    title: 'The cloud does not show what it has just made',
    hint: 'Send the request again: what is there by then is used, and what is not is made anew.',
  },
  TERMINATED: { title: 'Somebody terminated the orchestration', hint: 'Send the request again.' },
  STEP_CRASHED: {
    retryForSeconds: 300,
    title: 'A step of the deployer crashed',
    hint: 'Send the request again; if it stays, look up the step in the app\u2019s log.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;

/** The codes of failures that can pass by themselves. */
export type RetriedCode = {
  [Code in ErrorCode]: (typeof errorTable)[Code] extends { retryForSeconds: number } ? Code : never;
}[ErrorCode];

/** How long a retryable failure of this code may last, in seconds; infinite where only the step's limit counts. */
export const retryForSeconds = (code: ErrorCode): number => entryOf(code).retryForSeconds ?? Number.POSITIVE_INFINITY;

/** The entry of a code, all of whose fields can be asked for. */
export const entryOf = (code: ErrorCode): ErrorEntry => errorTable[code];

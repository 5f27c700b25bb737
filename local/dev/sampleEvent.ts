import { randomUUID } from 'node:crypto';
import { localPerson, localResourceGroup } from '../cloud/localNames.ts';
import { azureCli } from '../cloud/personToken.ts';

export interface EventWish {
  subscriptionId: string;
  workspace: string;
  operation: 'write' | 'tags' | 'delete';
  /** The application that caused it; a person with the Azure CLI when left out. */
  applicationId?: string;
  schema: 'eventgrid' | 'cloud';
}

const operationNames = {
  write: 'Microsoft.Databricks/workspaces/write',
  tags: 'Microsoft.Resources/tags/write',
  delete: 'Microsoft.Databricks/workspaces/delete',
};

/** An event of the subscription about a workspace, as Event Grid sends it. */
export function sampleEvent({ subscriptionId, workspace, operation, applicationId, schema }: EventWish): object {
  const workspaceId = `/subscriptions/${subscriptionId}/resourcegroups/${localResourceGroup}/providers/Microsoft.Databricks/workspaces/${workspace}`;
  const subject = operation === 'tags' ? `${workspaceId}/providers/Microsoft.Resources/tags/default` : workspaceId;
  const operationName = operationNames[operation];
  const type = `Microsoft.Resources.Resource${operation === 'delete' ? 'Delete' : 'Write'}Success`;
  const topic = `/subscriptions/${subscriptionId}`;
  const [id, time] = [randomUUID(), new Date().toISOString()];
  const byPerson = { appid: azureCli, name: localPerson.name, ipaddr: localPerson.address };
  const data = {
    authorization: { scope: subject, action: operationName },
    claims: applicationId === undefined ? byPerson : { appid: applicationId },
    correlationId: randomUUID(),
    resourceProvider: operationName.split('/')[0],
    resourceUri: subject,
    operationName,
    status: 'Succeeded',
    subscriptionId,
  };
  return schema === 'cloud'
    ? { specversion: '1.0', id, source: topic, subject, type, time, data }
    : { id, topic, subject, eventType: type, eventTime: time, data, dataVersion: '2', metadataVersion: '1' };
}

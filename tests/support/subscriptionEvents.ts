/** A person whose name and address stand in an event's claims and must stand nowhere else. */
export const person = { name: 'Grace Muster', upn: 'grace.muster@example.test', ip: '203.0.113.77' };

const subscription = '7d1f9a52-5c1e-4b0a-9d57-1f2c3b4a5d6e';

export interface SampleEvent {
  id?: string;
  workspace?: string;
  resourceGroup?: string;
  subscription?: string;
  operation?: string;
  type?: string;
  /** Milliseconds since 1970. */
  timeMs?: number;
  /** The application that caused it; a person at the Azure CLI when left out. */
  applicationId?: string;
  /** What it is about, below the resource group's providers, where that is no workspace. */
  resource?: string;
}

let made = 0;

/** An event about a workspace as a subscription's Event Grid topic sends it, with a person's claims. */
export function eventGridEvent(sample: SampleEvent = {}) {
  const { workspace = 'dbw-tagged', resourceGroup = 'rg-volatility', subscription: in_ = subscription } = sample;
  const operationName = sample.operation ?? 'Microsoft.Databricks/workspaces/write';
  // As Azure spells it here: the segment in lower case, the rest as its maker wrote it.
  const workspaceId = `/subscriptions/${in_}/resourcegroups/${resourceGroup}/providers/Microsoft.Databricks/workspaces/${workspace}`;
  const subjectId = sample.resource
    ? `/subscriptions/${in_}/resourcegroups/${resourceGroup}/providers/${sample.resource}`
    : workspaceId;
  const isTag = operationName.startsWith('Microsoft.Resources/tags');
  const resourceUri = isTag ? `${subjectId}/providers/Microsoft.Resources/tags/default` : subjectId;
  return {
    id: sample.id ?? `event-${++made}`,
    topic: `/subscriptions/${in_}`,
    subject: resourceUri,
    eventType:
      sample.type ?? `Microsoft.Resources.Resource${operationName.endsWith('delete') ? 'Delete' : 'Write'}Success`,
    eventTime: new Date(sample.timeMs ?? Date.now()).toISOString().replace('Z', '1234Z'),
    data: {
      authorization: {
        scope: resourceUri,
        action: operationName,
        evidence: { role: 'Contributor', principalId: 'c0ffee00c0ffee00c0ffee00c0ffee00', principalType: 'User' },
      },
      claims: {
        aud: 'https://management.core.windows.net/',
        appid: sample.applicationId ?? '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
        name: person.name,
        ipaddr: person.ip,
        'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn': person.upn,
        'http://schemas.microsoft.com/identity/claims/objectidentifier': 'c0ffee00-c0ff-4e00-8000-c0ffee000000',
      },
      httpRequest: { clientIpAddress: person.ip, method: 'PUT', url: `https://management.azure.com${resourceUri}` },
      correlationId: '5d3e0f8a-0000-4000-8000-000000000000',
      resourceProvider: operationName.split('/')[0],
      resourceUri,
      operationName,
      status: 'Succeeded',
      subscriptionId: in_,
    },
    dataVersion: '2',
    metadataVersion: '1',
  };
}

/** The same as a CloudEvent. */
export function cloudEvent(sample: SampleEvent = {}) {
  const { id, topic, subject, eventType, eventTime, data } = eventGridEvent(sample);
  return { specversion: '1.0', id, source: topic, subject, type: eventType, time: eventTime, data };
}

export interface ManagementUrls {
  id: string;
  statusQueryGetUri: string;
  sendEventPostUri: string;
  terminatePostUri: string;
  rewindPostUri?: string;
  purgeHistoryDeleteUri: string;
  restartPostUri: string;
  suspendPostUri: string;
  resumePostUri: string;
}

/** The links of an instance below `baseUrl` (`…/runtime/webhooks/durabletask`); `query` carries hub, connection and key. */
export function managementUrls(baseUrl: string, id: string, query: string, withRewind: boolean): ManagementUrls {
  const instance = `${baseUrl}/instances/${id}`;
  return {
    id,
    statusQueryGetUri: `${instance}?${query}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
    ...(withRewind ? { rewindPostUri: `${instance}/rewind?reason={text}&${query}` } : {}),
    purgeHistoryDeleteUri: `${instance}?${query}`,
    restartPostUri: `${instance}/restart?${query}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
    resumePostUri: `${instance}/resume?reason={text}&${query}`,
  };
}

export interface ClientBindingFacts {
  baseUrl: string;
  rpcBaseUrl: string;
  hubName: string;
  connectionName: string;
  key: string;
}

/** The part of a management link's query that names the hub and opens the door. */
export function managementQuery(facts: Pick<ClientBindingFacts, 'hubName' | 'connectionName' | 'key'>): string {
  return `taskHub=${facts.hubName}&connection=${facts.connectionName}&code=${facts.key}`;
}

/** The text that a durable client input receives. */
export function clientBinding(facts: ClientBindingFacts): string {
  const { baseUrl, rpcBaseUrl, hubName, key } = facts;
  const create = `${baseUrl}/orchestrators/{functionName}[/{instanceId}]`;
  return JSON.stringify({
    taskHubName: hubName,
    creationUrls: {
      createNewInstancePostUri: `${create}?code=${key}`,
      createAndWaitOnNewInstancePostUri: `${create}?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&code=${key}`,
    },
    managementUrls: managementUrls(baseUrl, 'INSTANCEID', managementQuery(facts), true),
    baseUrl,
    requiredQueryStringParameters: `code=${key}`,
    rpcBaseUrl,
    connectionName: null,
    httpBaseUrl: null,
  });
}

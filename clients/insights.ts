import type { HttpClient, PipelineResponse } from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import type { TelemetryEvent } from '../domain/telemetry.ts';
import { credential } from './credential.ts';
import type { TelemetryClientProvider } from './insightsSdk.ts';
import { endpointSettings } from './settings.ts';

const deliverySeconds = 10;

type ProviderOptions = ConstructorParameters<typeof TelemetryClientProvider>[0];

/** Whether there is an Application Insights resource to send to. */
export const hasInsights = (): boolean => endpointSettings().APPLICATIONINSIGHTS_CONNECTION_STRING !== '';

/**
 * Sends the events to Application Insights, all under one operation id, and returns when they have been accepted.
 * Throws an `Error` that says why when some were not, after ten seconds at the latest; nothing is sent a second time.
 */
export async function sendEvents(operationId: string, events: TelemetryEvent[]): Promise<void> {
  // The exporter reads it when it is made; it would count its own calls and report them to Microsoft.
  process.env['APPLICATION_INSIGHTS_NO_STATSBEAT'] = 'true';
  const [{ ConfigurationManager, LogApi, TelemetryClientProvider }, { createDefaultHttpClient }] = await Promise.all([
    // Loaded at the first use, because it takes longer than the rest of the app.
    import('./insightsSdk.ts'),
    import('@azure/core-rest-pipeline'),
  ]);
  const receipt = new Receipt();
  const provider = new TelemetryClientProvider({
    resource: appResource(),
    azureMonitorExporterOptions: {
      connectionString: endpointSettings().APPLICATIONINSIGHTS_CONNECTION_STRING,
      credential: receipt.noticing(await credential()),
      // Of the app's own identity alone, and not on a disk that goes away with the instance.
      disableOfflineStorage: true,
      httpClient: receipt.reading(createDefaultHttpClient()),
      // A repeated call whose first reply was lost would count everything twice.
      retryOptions: { maxRetries: 0 },
    },
    logRecordProcessors: [underOperation(operationId)],
  });
  // An exporter that has been made begins to ask Microsoft for its remote configuration.
  ConfigurationManager.getInstance().shutdown();
  const log = new LogApi(provider.getLogger('accelerator-deployer'));
  for (const event of events) log.trackEvent(event);
  const delivered = provider.flush().then(() => provider.shutdown());
  await within(delivered, deliverySeconds);
  if (receipt.accepted < events.length)
    throw new Error(`${receipt.accepted} of ${events.length} events were accepted: ${receipt.trouble}.`);
}

/** What came of the calls, which the SDK keeps to itself. */
class Receipt {
  accepted = 0;
  trouble = `no answer within ${deliverySeconds} seconds`;

  noticing(inner: TokenCredential): TokenCredential {
    return {
      // Asked for once more, because nothing has been sent yet and nobody calls again: a connection that has been idle
      // since the last step may be closed in the moment of its use.
      getToken: (scopes, options) =>
        this.#noting(inner.getToken(scopes, options).catch(() => inner.getToken(scopes, options))),
    };
  }

  reading(inner: HttpClient): HttpClient {
    return {
      sendRequest: async (request) => {
        request.timeout = deliverySeconds * 1000;
        const response = await this.#noting(inner.sendRequest(request));
        this.accepted += acceptedOf(response);
        this.trouble = `the answer was ${response.status}`;
        return response;
      },
    };
  }

  async #noting<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      this.trouble = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }
}

function acceptedOf({ bodyAsText }: PipelineResponse): number {
  try {
    const { itemsAccepted } = JSON.parse(bodyAsText ?? '') as { itemsAccepted?: unknown };
    return typeof itemsAccepted === 'number' ? itemsAccepted : 0;
  } catch {
    return 0;
  }
}

/** Gives each record the operation id that the exporter takes from a span; there are no spans here. */
const underOperation = (traceId: string): NonNullable<NonNullable<ProviderOptions['logRecordProcessors']>[number]> => ({
  onEmit(record) {
    record.spanContext = { traceId, spanId: '', traceFlags: 1 };
  },
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
});

/** Names the app as the host's own telemetry does, so that both stand under one role. */
function appResource(): NonNullable<ProviderOptions['resource']> {
  const name = process.env['WEBSITE_SITE_NAME'] ?? 'accelerator-deployer';
  const resource = {
    attributes: { 'service.name': name, 'service.instance.id': process.env['WEBSITE_INSTANCE_ID'] ?? 'local' },
    merge: () => resource,
    getRawAttributes: () => [],
  };
  return resource;
}

async function within(work: Promise<void>, seconds: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, seconds * 1000);
  await Promise.race([work, late]);
  clearTimeout(timer);
}

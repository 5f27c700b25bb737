import * as v from 'valibot';

/** Settings that say where the clients call and as whom. */
export const endpoints = v.object({
  AZURE_SUBSCRIPTION_ID: v.pipe(v.string(), v.uuid()),
  AZURE_CLIENT_ID: v.pipe(v.string(), v.uuid()),
  AZURE_RESOURCE_MANAGER_URL: v.optional(
    v.pipe(v.string(), v.regex(/^https:\/\/[^/?#]+\/?$/)),
    'https://management.azure.com',
  ),
  // Only such hosts are sent a Databricks token; the default is the public cloud's form.
  DATABRICKS_HOST_PATTERN: v.optional(
    v.pipe(v.string(), v.check(isPattern)),
    '^adb-\\d+\\.\\d{1,2}\\.azuredatabricks\\.net$',
  ),
  // Empty is off, as a template leaves it that makes no such resource.
  APPLICATIONINSIGHTS_CONNECTION_STRING: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^(?:|(?=(?:.*;)?InstrumentationKey=[0-9a-f-]{36}(?:;|$))[^;=]+=[^;=]*(?:;[^;=]+=[^;=]*)*;?)$/i),
    ),
    '',
  ),
});

function isPattern(text: string): boolean {
  try {
    void new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

export type Endpoints = v.InferOutput<typeof endpoints>;

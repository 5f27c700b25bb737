import { type PipelinePolicy, type PipelineResponse, RestError } from '@azure/core-rest-pipeline';

/**
 * Throws a `RestError` for every answer that tells an error, or is none of Resource Manager's. Left to the clients, some of
 * them lose `additionalInfo`, where Azure Policy names itself, fail on an error of another shape with words about their own
 * code, and take a page of HTML for a list without items (@azure/arm-databricks 4.0.0, @azure/arm-msi 2.2.0).
 */
export const armAnswers: PipelinePolicy = {
  name: 'armAnswers',
  async sendRequest(request, next) {
    const response = await next(request);
    if (isPromised(response)) return response;
    const { status } = response;
    throw new RestError(`Azure answered ${status}.`, { statusCode: status, request, response });
  },
};

/** Whether it is an object in JSON, or nothing where nothing was read. */
function isPromised({ status, bodyAsText, request }: PipelineResponse): boolean {
  if (status >= 300) return false;
  if (!bodyAsText) return status !== 200 || request.method !== 'GET';
  try {
    const body: unknown = JSON.parse(bodyAsText);
    return typeof body === 'object' && body !== null && !Array.isArray(body);
  } catch {
    return false;
  }
}

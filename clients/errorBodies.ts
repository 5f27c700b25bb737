import type { PipelinePolicy, PipelineRequest, RestError } from '@azure/core-rest-pipeline';

const bodies = new WeakMap<PipelineRequest, string>();

/**
 * Keeps the text of each answer that tells an error. Some of the clients hand on no more of it than the fields that their
 * models have, and so lose `additionalInfo`, where Azure Policy names itself (@azure/arm-databricks 4.0.0).
 */
export const keepErrorBodies: PipelinePolicy = {
  name: 'keepErrorBodies',
  async sendRequest(request, next) {
    const response = await next(request);
    if (response.status >= 400 && response.bodyAsText) bodies.set(request, response.bodyAsText);
    return response;
  },
};

/** The text of the answer that made the error, as far as there was one. */
export const errorTextOf = ({ response, request }: RestError): string | undefined =>
  response?.bodyAsText || (request && bodies.get(request));

import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import type { DurableClient } from 'durable-functions';
import { requireDeployment } from './launch.ts';
import { problem } from './problem.ts';
import { isStatusLink, linkOf } from './statusLink.ts';
import { statusReply } from './statusResource.ts';

/** GET /api/deployments/{id}: the status resource, for who holds a function key. */
export function readDeployment(request: HttpRequest, client: DurableClient): Promise<HttpResponseInit> {
  return answer(request, client);
}

/** GET /api/deployments/{id}/status: the same for who holds a signed link, as clients of the Durable HTTP pattern do. */
export async function readStatusLink(request: HttpRequest, client: DurableClient): Promise<HttpResponseInit> {
  const id = request.params['id'] ?? '';
  const [expires, signature] = ['expires', 'signature'].map((name) => request.query.get(name) ?? '');
  if (!expires || !signature || !isStatusLink(id, expires, signature)) {
    return problem('SIGNATURE_INVALID', 'The link is wrong or has expired.');
  }
  // The same link goes back: a new one at each look would never expire. Not the address as it was asked, which may hold a key.
  return answer(request, client, linkOf(new URL(request.url).origin, id, expires, signature));
}

async function answer(request: HttpRequest, client: DurableClient, link?: string): Promise<HttpResponseInit> {
  return statusReply(request, client, await requireDeployment(client, request.params['id']), link);
}

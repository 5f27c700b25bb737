import { setTimeout as pause } from 'node:timers/promises';
import type { StatusResource } from '../../domain/status.ts';

/** POSTs a deployment; throws with the answer's own words when it is refused. */
export async function startDeployment(url: string, functionKey: string, request: object): Promise<StatusResource> {
  const response = await fetch(`${url}/api/deployments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-functions-key': functionKey },
    body: JSON.stringify(request),
  });
  const body = (await response.json()) as StatusResource & { detail?: string; hint?: string };
  if (!response.ok) throw new Error(`${response.status} ${body.detail ?? ''} ${body.hint ?? ''}`);
  return body;
}

/** Follows the signed status link as any client of Durable's HTTP protocol does: again after Retry-After while it answers 202. */
export async function followDeployment(
  started: StatusResource,
  show: (status: StatusResource) => void,
): Promise<StatusResource> {
  for (;;) {
    const response = await fetch(started.statusQueryGetUri).catch(() => undefined);
    if (!response) {
      // The host may be on its way back after a kill; the deployment goes on without us.
      await pause(1000);
      continue;
    }
    const status = (await response.json()) as StatusResource;
    show(status);
    if (response.status === 200) return status;
    if (response.status !== 202) throw new Error(`The status link answered ${response.status}.`);
    await pause(Number(response.headers.get('retry-after') ?? 1) * 1000);
  }
}

import { accessToken, setting } from './azd.ts';

const publicCloud = 'https://management.azure.com';

/** A resource as Azure lists it. */
export interface Listed {
  id: string;
  name: string;
  type?: string;
  tags?: Record<string, string>;
  properties?: { principalId?: string; scope?: string };
}

/** Calls Azure Resource Manager as the person who runs azd; the path begins at the subscription. */
export async function arm(method: 'GET' | 'DELETE', path: string): Promise<Response> {
  const url = /^https?:/.test(path) ? path : `${base()}/subscriptions/${setting('AZURE_SUBSCRIPTION_ID')}${path}`;
  return fetch(url, { method, headers: { authorization: `Bearer ${accessToken()}` } });
}

/** All pages of a list; none of what is not there. */
export async function listAll(path: string): Promise<Listed[]> {
  const found: Listed[] = [];
  for (let next: string | undefined = path; next;) {
    const response = await arm('GET', next);
    if (response.status === 404) break;
    if (!response.ok) throw new Error(`Azure answered ${response.status}: ${await response.text()}`);
    const page = (await response.json()) as { value: Listed[]; nextLink?: string };
    found.push(...page.value);
    next = page.nextLink;
  }
  return found;
}

const base = (): string => process.env['AZURE_RESOURCE_MANAGER_URL'] ?? publicCloud;

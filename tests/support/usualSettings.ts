import { vi } from 'vitest';

/** Gives the process the settings that have no default, and more, or others than these. */
export function stubSettings(more: Record<string, string> = {}): void {
  const settings = {
    AZURE_SUBSCRIPTION_ID: '00000000-0000-4000-8000-000000000001',
    AZURE_CLIENT_ID: '00000000-0000-4000-8000-000000000002',
    ACCELERATORS: '{}',
    ALLOWED_RESOURCE_GROUPS: 'rg',
    ALLOWED_LOCATIONS: 'westeurope',
    STATUS_LINK_KEY: '0123456789abcdef0123456789abcdef',
    ...more,
  };
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
}

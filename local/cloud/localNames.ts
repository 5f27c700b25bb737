/** Names that exist in the local cloud from the start. */
export const localResourceGroup = 'rg-volatility';
export const localLocation = 'westeurope';
export const tenantId = '1b0e8f34-2a6d-4c1f-8e2b-9c7d6a5f4e3d';
/** Who made the resource group, and owns it. */
export const localPerson = {
  objectId: 'e1a2b3c4-d5e6-4f70-8a9b-0c1d2e3f4a5b',
  name: 'Lou Local',
  userName: 'lou@local.test',
  address: '192.0.2.77',
};

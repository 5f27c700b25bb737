/** Names that exist in the local cloud from the start. */
export const localResourceGroup = 'rg-volatility';
export const localLocation = 'westeurope';

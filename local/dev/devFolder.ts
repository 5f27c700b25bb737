import { fileURLToPath } from 'node:url';

/** Where `npm run dev` keeps its state. */
export const devFolder = fileURLToPath(new URL('../../.local/dev', import.meta.url));

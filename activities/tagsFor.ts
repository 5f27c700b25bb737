import { ownerTag } from '../domain/ids.ts';
import type { Deployment } from '../domain/steps.ts';

/** The tags of what a deployment creates in Azure: the organisation's, the request's, and the one that says whose it is. */
export const tagsFor = ({ id, request, tags }: Deployment): Record<string, string> => ({
  ...(tags ?? request.tags),
  [ownerTag]: id,
});

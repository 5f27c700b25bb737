import * as v from 'valibot';
import { catalogueEntry, repositoryList } from '../domain/accelerator.ts';
import { endpoints } from '../domain/endpoints.ts';
import { network, resolveNetwork, virtualNetworkId } from '../domain/network.ts';
import { anyList, json, list, positive, readSettings } from '../domain/settings.ts';
import { requiredTags } from '../domain/tags.ts';

const seconds = v.pipe(v.number(), v.gtValue(0), v.finite());
const expected = v.strictObject({
  workspace: seconds,
  storage: seconds,
  runme: seconds,
  notebooks: seconds,
  // Younger than the others, so it may be missing.
  warehouse: v.optional(seconds, 240),
});

const limits = v.strictObject({
  workspace: v.optional(seconds),
  storage: v.optional(seconds),
  run: v.optional(seconds),
  warehouse: v.optional(seconds),
  cancel: v.optional(seconds),
  removal: v.optional(seconds),
  deployment: v.optional(seconds),
});

/** One that some workspace can have, in whatever subscription. */
const possibleNetwork = v.pipe(
  network,
  v.check((wish) => {
    const subscriptionId = wish.virtualNetworkId?.split('/')[2] ?? '';
    return resolveNetwork(undefined, { subscriptionId, network: wish, allowed: [] }).faults.length === 0;
  }, 'No workspace can have this network.'),
);

const deployer = v.object({
  // The triggers use one of them, but a start that the activities cannot serve is refused, and health tells.
  ...endpoints.entries,
  ACCELERATORS: json(v.record(v.string(), catalogueEntry)),
  ALLOWED_REPOSITORIES: v.optional(repositoryList, ''),
  ALLOWED_RESOURCE_GROUPS: list,
  ALLOWED_LOCATIONS: list,
  ALLOWED_NODE_TYPES: v.optional(list, 'Standard_NC4as_T4_v3'),
  NETWORK: v.optional(json(possibleNetwork), '{}'),
  ALLOWED_VIRTUAL_NETWORKS: v.optional(v.pipe(anyList, v.array(virtualNetworkId)), ''),
  REQUIRED_TAGS: v.optional(json(requiredTags), '{}'),
  STATUS_LINK_KEY: v.pipe(v.string(), v.minLength(32)),
  STATUS_LINK_HOURS: v.optional(positive, '168'),
  MAX_ACTIVE_DEPLOYMENTS: v.optional(positive, '20'),
  MAX_STARTS_PER_HOUR: v.optional(positive, '30'),
  ROLES_REQUIRED: v.optional(v.picklist(['True', 'False']), 'False'),
  // Set by App Service when its authentication is on.
  WEBSITE_AUTH_ENABLED: v.optional(v.string(), 'False'),
  POLL_FLOOR_SECONDS: v.optional(positive, '5'),
  POLL_CEILING_SECONDS: v.optional(positive, '75'),
  EXPECTED_SECONDS: v.optional(
    json(expected),
    '{"workspace":180,"storage":40,"runme":360,"notebooks":3600,"warehouse":240}',
  ),
  LIMIT_SECONDS: v.optional(json(limits), '{}'),
});

/** What the triggers need to know; docs/configuration.md explains each. */
export type DeployerSettings = v.InferOutput<typeof deployer>;

let known: DeployerSettings | undefined;

/** The deployer's settings; throws SETTINGS_INVALID when one is missing or wrong. */
export function deployerSettings(): DeployerSettings {
  known ??= readSettings(deployer, process.env);
  return known;
}

import type { OrchestrationContext } from 'durable-functions';

/**
 * Whether the instance began with this version of the orchestrations or a later one; docs/decisions/0006-orchestration-versions.md
 * says what that is for. An instance without a version is of the present one.
 */
export function isSince(ctx: OrchestrationContext, version: string): boolean {
  const [major = 0, minor = 0] = numbers(version);
  const [own = major, ownMinor = minor] = ctx.df.version ? numbers(ctx.df.version) : [];
  return own > major || (own === major && ownMinor >= minor);
}

const numbers = (version: string): number[] => version.split('.').map(Number);

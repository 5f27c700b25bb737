import * as v from 'valibot';
import { callArm } from './arm.ts';
import { checkedAnswer } from './checkedAnswer.ts';

// Azure leaves a field out, or gives null for it, where it has no value.
const orNothing = <S extends v.GenericSchema>(schema: S) =>
  v.pipe(
    v.nullish(schema),
    v.transform((value) => value ?? undefined),
  );
const text = orNothing(v.string());
const tags = orNothing(v.record(v.string(), v.string()));
const parameter = <S extends v.GenericSchema>(value: S) => orNothing(v.object({ value }));

const workspace = v.object({
  id: v.pipe(v.string(), v.nonEmpty()),
  name: text,
  location: text,
  sku: orNothing(v.object({ name: v.string() })),
  tags,
  provisioningState: text,
  workspaceUrl: text,
  managedResourceGroupId: text,
  publicNetworkAccess: text,
  parameters: orNothing(
    v.object({
      customVirtualNetworkId: parameter(v.string()),
      customPublicSubnetName: parameter(v.string()),
      customPrivateSubnetName: parameter(v.string()),
      enableNoPublicIp: parameter(v.boolean()),
    }),
  ),
});

/** A workspace as Azure shows it, as far as it is read. */
export type AzureWorkspace = v.InferOutput<typeof workspace>;

/** A workspace of a resource group; throws like `callArm`, and ANSWER_INVALID for another shape. */
export const getWorkspace = (
  { resourceGroup, workspaceName }: { resourceGroup: string; workspaceName: string },
  expected: (error: unknown) => boolean,
): Promise<AzureWorkspace | undefined> =>
  callArm(
    async ({ databricks }, options) =>
      checkedAnswer(
        workspace,
        await databricks.workspaces.get(resourceGroup, workspaceName, options),
        `The workspace ${workspaceName}`,
      ),
    expected,
  );

const operation = v.object({ status: text, error: orNothing(v.looseObject({ code: text, message: text })) });

/** What Azure tells of an operation at the address that it gave; throws and gives undefined like `getWorkspace`. */
export const readOperation = (
  url: string,
  expected: (error: unknown) => boolean,
): Promise<v.InferOutput<typeof operation> | undefined> =>
  callArm(
    async (arm, options) => checkedAnswer(operation, JSON.parse(await arm.get(url, options)), 'The operation'),
    expected,
  );

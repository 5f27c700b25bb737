import type { ApiReply } from '../kit/router.ts';

interface ErrorMore {
  headers?: Record<string, string>;
  details?: ErrorDetail[];
  /** What the error is about. */
  target?: string;
  /** What a service adds in a form of its own (`common-types` of azure-rest-api-specs, ErrorAdditionalInfo). */
  additionalInfo?: { type: string; info: unknown }[];
}

interface ErrorDetail {
  code: string;
  message: string;
}

/** An error as Azure Resource Manager tells it: HTTP status, code, message, and headers where the protocol wants some. */
export class ArmError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;
  readonly more: ErrorMore;

  constructor(status: number, code: string, message: string, more: ErrorMore = {}) {
    super(message);
    this.name = 'ArmError';
    this.status = status;
    this.code = code;
    this.headers = more.headers ?? {};
    this.more = more;
  }
}

/** The one place where errors become answers: `{"error":{"code","target"?,"message","details"?,"additionalInfo"?}}`. */
export function armErrorReply(error: unknown): ApiReply {
  const { status, code, message, headers, more } = asArmError(error);
  const { target, details, additionalInfo } = more;
  return { status, headers, body: { error: { code, target, message, details, additionalInfo } } };
}

function asArmError(error: unknown): ArmError {
  if (error instanceof ArmError) return error;
  if (error instanceof SyntaxError) return invalidContent(error.message);
  if (error instanceof URIError) return new ArmError(400, 'InvalidRequestUri', 'The request URI is invalid.');
  const said = error instanceof Error ? error.message : String(error);
  return new ArmError(500, 'InternalServerError', `The server encountered an internal error: ${said}`);
}

/** 400: the body is not what the resource type takes. */
export const invalidContent = (why: string): ArmError =>
  new ArmError(
    400,
    'InvalidRequestContent',
    `The request content was invalid and could not be deserialized: '${why}'.`,
  );

/** 404 in ARM's words for a resource; `id` is the full resource id. */
export function resourceNotFound(id: string): ArmError {
  const {
    group = '',
    type,
    name,
  } = /\/resourceGroups\/(?<group>[^/]+)\/providers\/(?<type>[^/]+\/[^/]+)\/(?<name>[^/]+)/i.exec(id)?.groups ?? {
    type: '',
    name: id,
  };
  return new ArmError(
    404,
    'ResourceNotFound',
    `The Resource '${type}/${name}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}

export const groupNotFound = (name: string): ArmError =>
  new ArmError(404, 'ResourceGroupNotFound', `Resource group '${name}' could not be found.`);

/** 501: an operation that this emulator lacks, by its name, so that a test which meets it fails with the reason. */
export const notImplemented = (what: string): ArmError =>
  new ArmError(501, 'NotImplementedByEmulator', `The Azure emulator does not implement ${what}.`);

/** 409: the name is taken by the same resource elsewhere. */
export const wrongLocation = (name: string, there: string, wanted: string, group: string): ArmError =>
  new ArmError(
    409,
    'InvalidResourceLocation',
    `The resource '${name}' already exists in location '${there}' in resource group '${group}'. A resource with the same name cannot be created in location '${wanted}'. Please select a new resource name.`,
  );

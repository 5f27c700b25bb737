import { randomBytes } from 'node:crypto';
import type { ApiRequest } from '../kit/router.ts';
import type { Collection } from '../kit/store.ts';
import { type TokenClaims, verifyToken } from '../kit/tokens.ts';
import { permissionDenied, unauthenticated } from './apiError.ts';
import type { Workspace } from './workspace.ts';

/** A service principal that belongs to the workspace. */
export interface Member {
  id: string;
  applicationId: string;
  displayName: string;
  entitlements: string[];
}

interface NotebookToken {
  token: string;
  applicationId: string;
  runId: string;
}

export const databricksAudience = '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d';
const managementAudiences = ['https://management.core.windows.net/', 'https://management.azure.com/'];

/** Who may call one workspace: its members, and the tokens of notebooks while they run. */
export class Callers {
  readonly #workspace: Workspace;
  readonly #members: Collection<Member>;
  readonly #tokens: Collection<NotebookToken>;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    this.#members = workspace.store.collection('members');
    this.#tokens = workspace.store.collection('notebookTokens');
  }

  members(): Member[] {
    return this.#members.values();
  }

  byApplication(applicationId: string): Member | undefined {
    const wanted = applicationId.toLowerCase();
    return this.members().find((member) => member.applicationId.toLowerCase() === wanted);
  }

  byId(id: string): Member | undefined {
    return this.#members.get(id);
  }

  /** Adds a member and its home folder. */
  enrol(member: Omit<Member, 'id'>): Member {
    const enrolled = { ...member, id: this.#workspace.nextId() };
    this.#members.set(enrolled.id, enrolled);
    this.#workspace.files.makeFolder(`/Users/${member.applicationId}`);
    return enrolled;
  }

  remove(id: string): boolean {
    return this.#members.delete(id);
  }

  /** A personal access token for one task run. */
  issueToken(applicationId: string, runId: string): string {
    const token = `dapi${randomBytes(16).toString('hex')}`;
    this.#tokens.set(token, { token, applicationId, runId });
    return token;
  }

  revokeTokens(runId: string): void {
    for (const { token, runId: owner } of this.#tokens.values()) if (owner === runId) this.#tokens.delete(token);
  }

  /** The member that calls; enrols an administrator of the Azure resource at its first call; throws 401 or 403. */
  identify(request: ApiRequest): Member {
    const credential = /^Bearer\s+(.+)$/i.exec(request.headers['authorization'] ?? '')?.[1];
    if (!credential) throw unauthenticated('Credential was not sent or was of an unsupported type for this API.');
    const applicationId = credential.startsWith('dapi')
      ? this.#tokens.get(credential)?.applicationId
      : this.#claims(credential).appid;
    if (applicationId === undefined) throw unauthenticated('Invalid access token.');
    const member = this.byApplication(applicationId) ?? this.#enrolAdministrator(request, credential);
    if (!member) throw permissionDenied(`Unauthorized access to workspace: ${this.#workspace.record.workspaceId}`);
    return member;
  }

  #claims(token: string): TokenClaims {
    const audiences = [databricksAudience, `https://${this.#workspace.host()}`];
    const claims = verifyToken(token, audiences, this.#workspace.signingKey, this.#workspace.clock);
    if ('refused' in claims) throw unauthenticated(claims.refused);
    return claims;
  }

  // The Azure headers prove that an administrator of the ARM resource calls; the first such call makes it a member.
  #enrolAdministrator(request: ApiRequest, credential: string): Member | undefined {
    const resourceId = request.headers['x-databricks-azure-workspace-resource-id'];
    const management = request.headers['x-databricks-azure-sp-management-token'];
    if (!resourceId || !management || credential.startsWith('dapi')) return undefined;
    const { record, signingKey, clock } = this.#workspace;
    const claims = verifyToken(management, managementAudiences, signingKey, clock);
    if ('refused' in claims) throw unauthenticated(`X-Databricks-Azure-SP-Management-Token: ${claims.refused}`);
    const caller = this.#claims(credential);
    const fits = resourceId.toLowerCase() === record.resourceId.toLowerCase() && claims.oid === caller.oid;
    if (!fits || !this.#workspace.mayAdminister(record.resourceId, caller.oid)) return undefined;
    return this.enrol({
      applicationId: caller.appid,
      displayName: caller.appid,
      entitlements: ['workspace-access', 'allow-cluster-create', 'databricks-sql-access'],
    });
  }
}

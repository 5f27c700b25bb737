/** What App Service adds to the request of someone that it has authenticated. */
export function signedIn(name: string, ...roles: string[]): Record<string, string> {
  const claims = roles.map((val) => ({ typ: 'roles', val }));
  const principal = { auth_typ: 'aad', claims, name_typ: 'name', role_typ: 'roles' };
  return {
    'x-ms-client-principal': Buffer.from(JSON.stringify(principal)).toString('base64'),
    'x-ms-client-principal-id': `id-of-${name}`,
    'x-ms-client-principal-name': name,
  };
}

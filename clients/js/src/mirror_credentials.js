// Credentials for another host, as the server spells them.

/** @param {import("../index.d.ts").MirrorCredentials | null | undefined} credentials */
export function spelled(credentials) {
  if (!credentials || !("githubApp" in credentials)) return credentials;
  return { github_app: { installation_id: credentials.githubApp.installationId } };
}

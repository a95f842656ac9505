// A client for Cairn with the methods of the Cloudflare Artifacts binding. ../index.d.ts describes the
// parameters, the results and the errors of each method.

import { OperatorsView } from "./deployment.js";
import { Namespace } from "./namespace.js";
import { Connection } from "./connection.js";
import { Tokens } from "./tokens.js";

export { ArtifactsError } from "./error.js";
export { verifyWebhook, WebhookVerificationError } from "./verify.js";

/**
 * @param {import("../index.d.ts").ConnectOptions} options
 * @returns {import("../index.d.ts").CairnArtifacts}
 */
export function artifacts({ url, namespace, key, fetch }) {
  return new Namespace(new Connection(url, key, fetch), namespace);
}

/**
 * @param {import("../index.d.ts").ConnectOptions} options
 * @returns {import("../index.d.ts").NamespaceTokens}
 */
export function namespaceTokens(options) {
  return new Tokens(options);
}

/**
 * @param {import("../index.d.ts").DeploymentOptions} options
 * @returns {import("../index.d.ts").Deployment}
 */
export function deployment(options) {
  return new OperatorsView(options);
}

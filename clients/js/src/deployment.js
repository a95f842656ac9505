// Calls that belong to no namespace: the operator's view of the whole deployment.

import { Connection } from "./connection.js";
import { auditEntry, auditQuery, paged } from "./shapes.js";

/** @typedef {import("../index.d.ts").Deployment} Deployment */

/** @implements {Deployment} */
export class OperatorsView {
  #connection;

  /** @param {import("../index.d.ts").DeploymentOptions} options */
  constructor({ url, key, fetch }) {
    this.#connection = new Connection(url, key, fetch);
  }

  /** @type {Deployment["audit"]} */
  async audit(asked = {}) {
    const query = auditQuery(asked);
    const { result, info } = await this.#connection.call("GET", "/audit", { query });
    return paged({ entries: result.map(auditEntry) }, info);
  }
}

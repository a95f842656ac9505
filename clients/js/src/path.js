// The parts of a request's path, and the answers where it names nothing.

import { ArtifactsError } from "./error.js";

/**
 * A name as a segment of a path. The server checks the rest; here it is made sure that no name
 * leads to another path, as `..` would.
 * @param {string} name
 */
export function namePath(name) {
  if (typeof name === "string" && /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/.test(name)) return name;
  throw new ArtifactsError("INVALID_REPO_NAME", `invalid name: ${JSON.stringify(name)}`, {
    status: 400,
  });
}

/**
 * The id of an object as a segment of a path.
 * @param {string} hash
 */
export function hashPath(hash) {
  if (typeof hash === "string" && /^[0-9a-f]{40}$/.test(hash)) return hash;
  throw invalidInput(`not 40 lowercase hex digits: ${JSON.stringify(hash)}`);
}

/** @param {string} message */
export function invalidInput(message) {
  return new ArtifactsError("INVALID_INPUT", message, { status: 400 });
}

/**
 * The answer, or null where the server says that there is nothing of this name. A pointer to a large
 * file that the repository does not have is an error.
 * @template T
 * @param {Promise<T>} answer
 */
export async function missing(answer) {
  try {
    return await answer;
  } catch (error) {
    const isMissing = error instanceof ArtifactsError && error.code === "NOT_FOUND";
    if (isMissing && error.pointer !== "/lfs") return null;
    throw error;
  }
}

// The one error that the client throws, read from any answer of a server.

/** The number of each code in the REST envelope. @type {Record<Code, number>} */
const NUMBERS = {
  UNAUTHORIZED: 10000,
  FORBIDDEN: 10000,
  INVALID_INPUT: 10100,
  INVALID_REPO_NAME: 10101,
  INVALID_TTL: 10103,
  INVALID_URL: 10104,
  REMOTE_AUTH_REQUIRED: 10106,
  PATCH_FAILED: 10110,
  NOT_FOUND: 10200,
  ALREADY_EXISTS: 10201,
  MOVED: 10202,
  EVENTS_GONE: 10203,
  CREATE_IN_PROGRESS: 10301,
  IMPORT_IN_PROGRESS: 10302,
  FORK_IN_PROGRESS: 10303,
  CONFLICT: 10310,
  MERGE_CONFLICT: 10311,
  NO_CHANGE: 10312,
  REF_REFUSED: 10320,
  QUOTA_EXCEEDED: 10404,
  INTERNAL_ERROR: 10400,
  UPSTREAM_UNAVAILABLE: 10401,
  MEMORY_LIMIT: 10402,
};

/** The codes of statuses, for errors without a number. @type {Record<number, Code>} */
const OF_STATUS = {
  400: "INVALID_INPUT",
  401: "UNAUTHORIZED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  409: "ALREADY_EXISTS",
  413: "MEMORY_LIMIT",
  429: "UPSTREAM_UNAVAILABLE",
  502: "UPSTREAM_UNAVAILABLE",
  503: "UPSTREAM_UNAVAILABLE",
  504: "UPSTREAM_UNAVAILABLE",
};

/** @typedef {import("../index.d.ts").ArtifactsErrorCode} Code */

/** @implements {Omit<import("../index.d.ts").ArtifactsError, "name">} */
export class ArtifactsError extends Error {
  /**
   * @param {Code} code
   * @param {string} message
   * @param {import("../index.d.ts").ArtifactsErrorMore} [more]
   */
  constructor(code, message, more = {}) {
    const { status = 0, numericCode, pointer, details, retryAfter, cause } = more;
    super(message, cause === undefined ? undefined : { cause });
    this.name = /** @type {const} */ ("ArtifactsError");
    this.code = code;
    this.numericCode = numericCode ?? NUMBERS[code];
    this.status = status;
    this.pointer = pointer;
    this.details = details;
    this.retryAfter = retryAfter;
  }
}

/**
 * The error of an answer that is not a success. @param {number} status @param {string | null} retryAfter the
 * header of that name @param {unknown} envelope the body as JSON; undefined if it is not JSON
 */
export function refusal(status, retryAfter, envelope) {
  const { code: number, message, source, details } = firstError(envelope);
  const seconds = retryAfter === null ? NaN : Number(retryAfter);
  return new ArtifactsError(codeOf(status, number), message ?? `the server answered ${status}`, {
    status,
    numericCode: number,
    pointer: source?.pointer,
    details,
    retryAfter: Number.isFinite(seconds) ? seconds : undefined,
  });
}

/**
 * @param {unknown} envelope
 * @returns {{ code?: number, message?: string, source?: { pointer?: string }, details?: any }}
 */
function firstError(envelope) {
  const errors = /** @type {{ errors?: unknown } | null | undefined} */ (envelope)?.errors;
  return Array.isArray(errors) ? (errors[0] ?? {}) : {};
}

/**
 * @param {number} status
 * @param {number | undefined} number
 * @returns {Code}
 */
function codeOf(status, number) {
  const codes = /** @type {Code[]} */ (Object.keys(NUMBERS));
  const named = codes.filter((code) => NUMBERS[code] === number);
  // The number of both credentials' errors is the same: the status tells them apart.
  if (named.length === 1) return named[0];
  return OF_STATUS[status] ?? "INTERNAL_ERROR";
}

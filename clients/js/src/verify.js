// Whether a webhook came from the server: signatures as https://www.standardwebhooks.com has them.

/** @typedef {import("../index.d.ts").WebhookHeaders} WebhookHeaders */

/** Seconds that a timestamp may be away. */
const TOLERANCE = 5 * 60;
/** Signatures that are looked at: while a secret is rotated there are two. */
const SIGNATURES_MAX = 10;
const KEY_BYTES_MIN = 24;
const KEY_BYTES_MAX = 64;

export class WebhookVerificationError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = /** @type {const} */ ("WebhookVerificationError");
  }
}

/** @type {import("../index.d.ts").verifyWebhook} */
export async function verifyWebhook(payload, headers, secret, { now = Date.now() / 1000 } = {}) {
  const id = header(headers, "webhook-id");
  const timestamp = header(headers, "webhook-timestamp");
  if (!/^[0-9]{1,12}$/.test(timestamp)) throw refused("webhook-timestamp is no time");
  if (Math.abs(now - Number(timestamp)) > TOLERANCE) throw refused("webhook-timestamp is too far away");
  const body = typeof payload === "string" ? new TextEncoder().encode(payload) : new Uint8Array(payload);
  const signed = joined(new TextEncoder().encode(`${id}.${timestamp}.`), body);
  const signatures = signaturesOf(header(headers, "webhook-signature"));
  for (const one of [secret].flat()) {
    const key = await keyOf(one);
    for (const signature of signatures) {
      // It compares in constant time.
      if (await crypto.subtle.verify("HMAC", key, signature, signed)) {
        return JSON.parse(new TextDecoder().decode(body));
      }
    }
  }
  throw refused("no signature fits");
}

/** @param {string} message */
function refused(message) {
  return new WebhookVerificationError(message);
}

/**
 * @param {WebhookHeaders} headers those of the platform, or an object with names in lower case
 * @param {string} name
 */
function header(headers, name) {
  const get = /** @type {{ get?: unknown }} */ (headers).get;
  const value =
    typeof get === "function"
      ? /** @type {Headers} */ (headers).get(name)
      : /** @type {Record<string, string | string[] | undefined>} */ (headers)[name];
  if (typeof value !== "string" || value === "") throw refused(`${name} is missing`);
  return value;
}

/**
 * The bytes of the signatures that this function knows; other versions are passed over.
 * @param {string} text
 */
function signaturesOf(text) {
  const all = text.split(" ", SIGNATURES_MAX).map((one) => one.split(",", 2));
  const known = all.filter(([version, value]) => version === "v1" && value);
  return known.map(([, value]) => bytesOf(value)).filter((bytes) => bytes !== undefined);
}

/** @param {string} secret */
async function keyOf(secret) {
  const bytes = bytesOf(secret.replace(/^whsec_/, ""));
  if (bytes === undefined || bytes.length < KEY_BYTES_MIN || bytes.length > KEY_BYTES_MAX) {
    throw new TypeError(`a secret is whsec_ and the base64 of ${KEY_BYTES_MIN} to ${KEY_BYTES_MAX} bytes`);
  }
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

/** @param {string} base64 */
function bytesOf(base64) {
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/**
 * @param {Uint8Array} first
 * @param {Uint8Array} second
 */
function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

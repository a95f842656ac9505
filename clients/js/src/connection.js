// Requests to the REST API: an address, a credential, and the envelope taken off.

import { ArtifactsError, refusal } from "./error.js";

/**
 * @typedef {{ status: number, headers: { get(name: string): string | null },
 *   text(): Promise<string>, arrayBuffer(): Promise<ArrayBuffer> }} Response
 */

export class Connection {
  #base;
  #key;
  #fetch;

  /**
   * @param {string | URL} url
   * @param {string} key
   * @param {import("../index.d.ts").Fetch} [fetch]
   */
  constructor(url, key, fetch) {
    if (!key) throw new TypeError("a key is needed: the operator's, or a token of the namespace");
    const { origin, pathname } = new URL(url);
    this.#base = `${origin}${pathname.replace(/\/+$/, "")}/api/v1`;
    this.#key = key;
    /** @type {import("../index.d.ts").Fetch} */
    const platform = (input, init) => globalThis.fetch(input, init);
    // Async, so that an error thrown at once is a rejection as well.
    /** @type {import("../index.d.ts").Fetch} */
    this.#fetch = async (input, init) => (fetch ?? platform)(input, init);
  }

  /**
   * A request that is answered by an envelope; gives its `result` and `result_info`.
   * @param {string} method
   * @param {string} path below `/api/v1`
   * @param {Content} [content]
   * @returns {Promise<{ result: any, info: any }>}
   */
  async call(method, path, content) {
    const response = await this.#send(method, path, content);
    const envelope = parsed(await received(response.text()));
    if (!succeeded(response) || envelope === undefined) throw refused(response, envelope);
    return { result: envelope.result, info: envelope.result_info };
  }

  /**
   * `GET` of bytes, with the media type that the server gives them.
   * @param {string} path below `/api/v1`
   * @param {Query} [query]
   * @param {string} [accept] the media type that is wanted
   * @returns {Promise<{ bytes: ArrayBuffer, type: string }>}
   */
  async bytes(path, query, accept) {
    const headers = accept === undefined ? undefined : { accept };
    const response = await this.#send("GET", path, { query, headers });
    if (!succeeded(response)) throw refused(response, parsed(await received(response.text())));
    const bytes = await received(response.arrayBuffer());
    return { bytes, type: response.headers.get("content-type") ?? "" };
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Content} [content]
   * @returns {Promise<Response>}
   */
  #send(method, path, { query, body, raw, type = "application/json", headers: more, signal } = {}) {
    const url = this.#base + path + search(query);
    /** @type {Record<string, string>} */
    const headers = { authorization: `Bearer ${this.#key}`, ...more };
    const sent = body === undefined ? raw : JSON.stringify(body);
    const stopped = signal && { signal };
    if (sent === undefined) return received(this.#fetch(url, { method, headers, ...stopped }));
    headers["content-type"] = type;
    // A streamed body is sent before the answer is read; every platform wants to be told so.
    const duplex = sent instanceof ReadableStream ? { duplex: /** @type {const} */ ("half") } : {};
    return received(this.#fetch(url, { method, headers, body: sent, ...duplex, ...stopped }));
  }
}

/** @typedef {Record<string, string | number | boolean | string[] | undefined>} Query */

/** @typedef {{ query?: Query, body?: object, raw?: import("../index.d.ts").FetchBody,
 *   type?: string, headers?: Record<string, string>, signal?: AbortSignal }} Content
 *  a body as JSON, or raw with its type */

/** @param {Query} [query] */
function search(query) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) pairs.append(name, String(one));
  }
  const text = pairs.toString();
  return text && `?${text}`;
}

/** @param {Response} response */
function succeeded({ status }) {
  return status >= 200 && status < 300;
}

/**
 * @param {Response} response
 * @param {unknown} envelope
 */
function refused(response, envelope) {
  return refusal(response.status, response.headers.get("retry-after"), envelope);
}

/**
 * @param {string} text
 * @returns {any} undefined where it is not JSON, as from a proxy in between
 */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The value that comes from the network, or an error of the one kind that callers expect.
 * @template T
 * @param {Promise<T>} coming
 */
async function received(coming) {
  try {
    return await coming;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ArtifactsError("INTERNAL_ERROR", `the server cannot be reached: ${reason}`, { cause });
  }
}

// A feed of events, followed by long poll: one event after the other, none twice, none left out.

import { ArtifactsError } from "./error.js";
import { invalidInput } from "./path.js";

/** @typedef {import("../index.d.ts").CairnEvent} CairnEvent */
/** @typedef {import("../index.d.ts").EventFeed} EventFeed */
/** @typedef {import("../index.d.ts").FollowOptions} FollowOptions */
/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {"sequence" | "namespaceSequence"} Order where an event has its place in this feed */

/** Seconds that one request waits: less than most proxies do. */
const WAIT = 25;
/** Seconds without an answer beyond that after which the connection counts as dead. */
const GRACE = 20;
const LIMIT = 1000;
/** Milliseconds before the second attempt, and at most. */
const PAUSE_MIN = 250;
const PAUSE_MAX = 30_000;

/** @implements {EventFeed} */
export class Feed {
  #connection;
  #path;
  #order;
  #types;
  #signal;
  /** @type {number | "oldest" | "newest"} */
  #after;
  /** For a repository's feed, the beginning of its events' ids. */
  #source = "";

  /**
   * @param {Connection} connection
   * @param {string} path of the feed, below `/api/v1`
   * @param {Order} order
   * @param {FollowOptions} [options]
   */
  constructor(connection, path, order, { after = 0, types, signal } = {}) {
    const known = after === "oldest" || after === "newest";
    if (!known && !(Number.isSafeInteger(after) && after >= 0)) {
      throw invalidInput(`after is no sequence: ${JSON.stringify(after)}`);
    }
    this.#connection = connection;
    this.#path = path;
    this.#order = order;
    this.#types = types?.join(",");
    this.#signal = signal;
    this.#after = after;
  }

  /** @type {EventFeed["after"]} */
  get after() {
    return typeof this.#after === "number" ? this.#after : undefined;
  }

  /** @returns {AsyncGenerator<CairnEvent, void>} */
  async *[Symbol.asyncIterator]() {
    while (!this.#signal?.aborted) {
      const after = await this.#position();
      if (after === undefined) return;
      const page = await this.#page({ after, limit: LIMIT, wait: WAIT, types: this.#types });
      if (page === undefined) return;
      for (const event of page.result) {
        const sequence = this.#checked(event);
        if (sequence === undefined) continue;
        yield event;
        // Not before the caller is done with it: an event counts as read only then.
        this.#after = sequence;
        if (this.#signal?.aborted) return;
      }
      this.#after = Math.max(Number(this.#after), page.info.after);
    }
  }

  /** Where to read on; looked up where the caller gave a word. Undefined: aborted. */
  async #position() {
    if (typeof this.#after === "number") return this.#after;
    const bounds = await this.#bounds();
    if (bounds === undefined) return undefined;
    this.#after = this.#after === "newest" ? bounds.newest : bounds.oldest - 1;
    return this.#after;
  }

  /** The bounds of the feed: told by a page, or by the refusal of one. */
  async #bounds() {
    try {
      const page = await this.#page({ after: 0, limit: 1 });
      return page?.info;
    } catch (error) {
      if (error instanceof ArtifactsError && error.code === "EVENTS_GONE") return error.details;
      throw error;
    }
  }

  /**
   * The event's place, or nothing if the caller has it already.
   * @param {CairnEvent} event
   */
  #checked({ metadata }) {
    const sequence = metadata[this.#order];
    const after = Number(this.#after);
    if (sequence === undefined) throw broken(`an event has no ${this.#order}`);
    if (sequence <= after) return undefined;
    if (this.#types === undefined && sequence !== after + 1) {
      throw broken(`event ${sequence} follows event ${after}`);
    }
    if (this.#order === "sequence") this.#sameRepository(metadata.eventId);
    return sequence;
  }

  /**
   * A name may go to another repository, whose sequences are others.
   * @param {string} eventId
   */
  #sameRepository(eventId) {
    const source = eventId.slice(0, eventId.lastIndexOf("_"));
    if (this.#source && this.#source !== source) {
      const message = "the repository was deleted, and another one has its name";
      throw new ArtifactsError("NOT_FOUND", message, { status: 404 });
    }
    this.#source = source;
  }

  /**
   * One page, asked for until it comes. Undefined: aborted.
   * @param {import("./connection.js").Query} query
   * @returns {Promise<{ result: CairnEvent[], info: any } | undefined>}
   */
  async #page(query) {
    for (let failures = 0; !this.#signal?.aborted; failures += 1) {
      const deadline = AbortSignal.timeout((WAIT + GRACE) * 1000);
      const signal = this.#signal ? AbortSignal.any([this.#signal, deadline]) : deadline;
      try {
        return await orAborted(this.#connection.call("GET", this.#path, { query, signal }), signal);
      } catch (error) {
        if (this.#signal?.aborted) return undefined;
        if (!deadline.aborted && !passing(error)) throw error;
        await this.#pause(failures, error instanceof ArtifactsError ? error.retryAfter : undefined);
      }
    }
    return undefined;
  }

  /**
   * @param {number} failures
   * @param {number | undefined} retryAfter seconds
   */
  #pause(failures, retryAfter) {
    const most = Math.min(PAUSE_MAX, PAUSE_MIN * 2 ** Math.min(failures, 10));
    const pause = retryAfter === undefined ? most * (0.5 + Math.random() / 2) : retryAfter * 1000;
    return new Promise((resolve) => {
      const timer = setTimeout(done, pause);
      const signal = this.#signal;
      signal?.addEventListener("abort", done);
      function done() {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve(undefined);
      }
    });
  }
}

/** @param {string} message */
function broken(message) {
  return new ArtifactsError("INTERNAL_ERROR", `the feed is broken: ${message}`);
}

/**
 * Whether the same request may succeed later: no answer, a busy server, a proxy's page.
 * @param {unknown} error
 */
function passing(error) {
  if (!(error instanceof ArtifactsError)) return false;
  const { status } = error;
  return status < 400 || status >= 500 || [408, 425, 429].includes(status);
}

/**
 * Not every `fetch` heeds its signal.
 * @template T
 * @param {Promise<T>} answer
 * @param {AbortSignal} signal
 * @returns {Promise<T>}
 */
function orAborted(answer, signal) {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(signal.reason);
    if (signal.aborted) aborted();
    signal.addEventListener("abort", aborted);
    const settled = () => signal.removeEventListener("abort", aborted);
    answer.then(resolve, reject).finally(settled);
  });
}

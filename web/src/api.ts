import createClient from "openapi-fetch";

import type { Place } from "./place";
import type { paths } from "./schema";

/** All requests by REST. The header tells the server that a page of its own asks, and no form of another site. */
export const client = createClient<paths>({ baseUrl: "/", headers: { "x-cairn-session": "1" } });

/** One error as the API tells it. */
interface Told {
  code?: number;
  message?: string;
  source?: { pointer?: string };
  details?: Record<string, unknown>;
}

/** An answer of the API that is not a success. */
export class Refusal extends Error {
  /** Which error it is, as docs/api.md numbers them. */
  readonly code: number | undefined;
  /** Which field of the request is at fault. */
  readonly pointer: string | undefined;
  readonly details: Record<string, unknown>;

  constructor(readonly status: number, told: Told = {}) {
    super(told.message ?? `the server answered ${status}`);
    this.code = told.code;
    this.pointer = told.source?.pointer;
    this.details = told.details ?? {};
  }
}

/** A page of a list, and the cursor of the next one. */
export interface Page<T> {
  result: T;
  cursor: string;
}

interface Envelope<T> {
  result: T;
  result_info?: { cursor?: string };
}

interface Answer<T> {
  // Text where a route can also answer a patch, which is never asked for here.
  data?: Envelope<T> | string | undefined;
  error?: { errors?: Told[] } | undefined;
  response: Response;
}

/** The page that an answer has; throws if the answer is a refusal. */
export function page<T>({ data, error, response }: Answer<T>): Page<T> {
  if (data === undefined || typeof data === "string" || !response.ok) {
    throw new Refusal(response.status, error?.errors?.[0]);
  }
  return { result: data.result, cursor: data.result_info?.cursor ?? "" };
}

export const names = ({ namespace, repo }: Place) => ({ namespace, repo });
export const ROUTE = "/api/v1/namespaces/{namespace}/repos/{repo}" as const;

type Init = { signal: AbortSignal };

/** The commits of a history, newest first. */
export async function log(place: Place, cursor: string, limit: number, init: Init) {
  const { ref, path } = place;
  const query = { limit, ...(ref && { ref }), ...(path && { path }), ...(cursor && { cursor }) };
  return page(await client.GET(`${ROUTE}/log`, { params: { path: names(place), query }, ...init }));
}

/** The entries of a directory of a commit, each with the commit that changed it last. */
export async function tree(place: Place, commit: string, cursor: string, init: Init) {
  const query = { last_commit: "true" as const, ...(place.path && { path: place.path }), ...(cursor && { cursor }) };
  const path = { ...names(place), hash: commit };
  return page(await client.GET(`${ROUTE}/tree/{hash}`, { params: { path, query }, ...init }));
}

/** Branches and tags; `prefix` chooses. With `base` each tells how far it is ahead of that and behind it. */
export async function refs(place: Place, prefix: string, cursor: string, init: Init, base = "") {
  const query = { prefix, limit: 100, ...(base && { ahead_behind: base }), ...(cursor && { cursor }) };
  return page(await client.GET(`${ROUTE}/refs`, { params: { path: names(place), query }, ...init }));
}

/** One commit. */
export async function commit(place: Place, hash: string, init: Init) {
  const path = { ...names(place), hash };
  return page(await client.GET(`${ROUTE}/commit/{hash}`, { params: { path }, ...init }));
}

/** The id of the tree without entries: the first commit of all is compared with it. */
export const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

export type Diff = Awaited<ReturnType<typeof diff>>["result"];

/**
 * The differences between two commits, with the lines; those too that differ by white space alone, unless it
 * is off.
 */
export async function diff(place: Place, base: string, head: string, init: Init, isWhitespaceOff = false) {
  const query = {
    base,
    head,
    ...(place.path && { path: [place.path] }),
    ...(isWhitespaceOff && { ignore_whitespace: "true" as const }),
  };
  return page(await client.GET(`${ROUTE}/diff`, { params: { path: names(place), query }, ...init }));
}

/** The commits and changes that one ref has and another has not. */
export async function compare(place: Place, spec: string, init: Init) {
  const path = { ...names(place), spec };
  return page(await client.GET(`${ROUTE}/compare/{spec}`, { params: { path }, ...init }));
}

/** The commit that each line of a file comes from. */
export async function blame(place: Place, cursor: string, init: Init) {
  const path = { ...names(place), ref: place.ref || "HEAD", path: place.path };
  const query = cursor ? { cursor } : {};
  return page(await client.GET(`${ROUTE}/blame/{ref}/{path}`, { params: { path, query }, ...init }));
}

/** Lines that match. */
export async function grep(place: Place, pattern: string, cursor: string, init: Init) {
  const { ref } = place;
  const query = { pattern, fixed: "true" as const, ignore_case: "true" as const, ...(ref && { ref }), ...(cursor && { cursor }) };
  return page(await client.GET(`${ROUTE}/grep`, { params: { path: names(place), query }, ...init }));
}

/** Files whose paths have these letters. */
export async function search(place: Place, typed: string, init: Init) {
  const { ref } = place;
  const query = { query: typed, limit: 30, ...(ref && { ref }) };
  return page(await client.GET(`${ROUTE}/search`, { params: { path: names(place), query }, ...init }));
}

/** The URL of a file's bytes. */
export function rawUrl({ namespace, repo, ref }: Place, path: string): string {
  const segments = [ref || "HEAD", ...path.split("/")].map(encodeURIComponent);
  return `/api/v1/namespaces/${namespace}/repos/${repo}/raw/${segments.join("/")}`;
}

/** The URL of an archive of a tree. */
export function archiveUrl({ namespace, repo, ref }: Place, format: "zip" | "tar.gz"): string {
  return `/api/v1/namespaces/${namespace}/repos/${repo}/archive/${encodeURIComponent(ref || "HEAD")}.${format}`;
}

/** A file's bytes, at most so many of them. */
export async function bytes(place: Place, path: string, init: Init): Promise<Uint8Array> {
  const response = await fetch(rawUrl(place, path), init);
  if (!response.ok) throw new Refusal(response.status, await told(response));
  return new Uint8Array(await response.arrayBuffer());
}

async function told(response: Response): Promise<Told | undefined> {
  const answer: { errors?: Told[] } = await response.json().catch(() => ({}));
  return answer.errors?.[0];
}

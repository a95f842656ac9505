// The calls that change a repository: the same routes as everybody's. They come with the views that write, so
// that readers do not load them.

import { ROUTE, Refusal, client, names, page } from "../api";
import type { Place } from "../place";
import type { components } from "../schema";

type Schemas = components["schemas"];
export type FileChange = Schemas["FileChange"];
export type Committed = Schemas["Committed"];
export type NewCommit = Schemas["NewCommit"];
export type Merged = Schemas["Merged"];
export type Conflict = Schemas["MergeConflictPath"];
export type ReflogEntry = Schemas["ReflogEntry"];
export type Strategy = NonNullable<Schemas["NewMerge"]["strategy"]>;

/** For a request that goes on whatever page is shown meanwhile. */
export const UNENDED = { signal: new AbortController().signal };

const CONFLICT = 10310;
const MERGE_CONFLICT = 10311;
const NO_CHANGE = 10312;

const of = (place: Place) => ({ params: { path: names(place) } });

/** One commit on one branch. */
export async function commitFiles(place: Place, body: NewCommit) {
  return page(await client.POST(`${ROUTE}/commits`, { ...of(place), body })).result;
}

/** A file of the reader's machine, for a path of the repository. */
export interface Uploaded {
  path: string;
  file: File;
}

/** One commit of files of the reader's machine: their bytes follow the commit, a line a piece. */
export async function commitUploads(place: Place, commit: Omit<NewCommit, "files">, uploads: Uploaded[]) {
  const lines = await linesOf(commit, uploads);
  const init = { ...of(place), body: commit, bodySerializer: () => lines, headers: { "content-type": "application/x-ndjson" } };
  return page(await client.POST(`${ROUTE}/commits`, init)).result;
}

// A multiple of three, so that only a file's last piece is padded. A line may have 6 MiB.
const PIECE_BYTES = 3 << 20;

// The browser keeps a blob's bytes where it has room, on disk if there are many: the page holds one piece at a time.
async function linesOf(commit: Omit<NewCommit, "files">, uploads: Uploaded[]): Promise<Blob> {
  const files: FileChange[] = [];
  const lines: Blob[] = [];
  const add = (line: object) => lines.push(new Blob([JSON.stringify(line), "\n"]));
  for (const [number, { path, file }] of uploads.entries()) {
    // Which files are large ones the server must know before their bytes come.
    if (path.split("/").at(-1) === ".gitattributes") {
      files.push({ path, content_base64: await base64(file) });
      continue;
    }
    const content_id = String(number);
    files.push({ path, content_id, size: file.size });
    for (let from = 0; from === 0 || from < file.size; from += PIECE_BYTES) {
      const data = await base64(file.slice(from, from + PIECE_BYTES));
      add({ chunk: { content_id, data, eof: from + PIECE_BYTES >= file.size } });
    }
  }
  const metadata = `${JSON.stringify({ metadata: { ...commit, files } })}\n`;
  return new Blob([metadata, ...lines], { type: "application/x-ndjson" });
}

async function base64(piece: Blob): Promise<string> {
  const reader = new FileReader();
  const url = await new Promise<string>((resolve, reject) => {
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(new Error("A file cannot be read any more. Choose it again."));
    reader.readAsDataURL(piece);
  });
  return url.slice(url.indexOf(",") + 1);
}

/** Makes, moves or deletes one ref. */
export async function updateRef(place: Place, update: Schemas["RefUpdates"]["updates"][number]) {
  return page(await client.POST(`${ROUTE}/refs`, { ...of(place), body: { updates: [update] } })).result;
}

/** Merges, or tells by `dry_run` the result. A merge that conflicts is not an error of a dry run. */
export async function merge(place: Place, body: Schemas["NewMerge"]) {
  return page(await client.POST(`${ROUTE}/merge`, { ...of(place), body })).result;
}

/** Repeats a commit on a branch. */
export async function cherryPick(place: Place, body: Schemas["NewCherryPick"]) {
  return page(await client.POST(`${ROUTE}/cherry-pick`, { ...of(place), body })).result;
}

/** Takes a commit back. */
export async function revert(place: Place, body: Schemas["NewRevert"]) {
  return page(await client.POST(`${ROUTE}/revert`, { ...of(place), body })).result;
}

/** Brings a branch back to an earlier state. */
export async function restore(place: Place, body: Schemas["NewRestore"]) {
  return page(await client.POST(`${ROUTE}/restore`, { ...of(place), body })).result;
}

/** The former values of refs, newest first; all of them without a name. */
export async function reflog(place: Place, ref: string, cursor: string, init: { signal: AbortSignal }) {
  const query = { limit: 50, ...(ref && { ref }), ...(cursor && { cursor }) };
  return page(await client.GET(`${ROUTE}/reflog`, { params: { path: names(place), query }, ...init }));
}

/** The branch that `HEAD` names, also before it exists. */
export async function defaultBranch(place: Place, init: { signal: AbortSignal }): Promise<string> {
  return page(await client.GET(ROUTE, { ...of(place), ...init })).result.default_branch;
}

/** Where the branch is, if an error says that it is not where it was expected: null if it does not exist. */
export function movedTo(error: Error): string | null | undefined {
  if (!(error instanceof Refusal) || error.code !== CONFLICT || !("actual" in error.details)) return undefined;
  const { actual } = error.details;
  return typeof actual === "string" ? actual : null;
}

/** The conflicts that an error tells. */
export function conflictsOf(error: Error): { conflicts: Conflict[]; total: number } | undefined {
  if (!(error instanceof Refusal) || error.code !== MERGE_CONFLICT) return undefined;
  const { conflicts, conflictsTotal } = error.details as { conflicts?: Conflict[]; conflictsTotal?: number };
  return { conflicts: conflicts ?? [], total: conflictsTotal ?? conflicts?.length ?? 0 };
}

/** Whether a write would change nothing. */
export function isWithoutChange(error: Error): boolean {
  return error instanceof Refusal && error.code === NO_CHANGE;
}

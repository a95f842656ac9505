import { applyPatch, structuredPatch } from "diff";

import { Refusal, bytes } from "../api";
import type { Place } from "../place";
import { textOf } from "./proposal";

const EDITED_BYTES_MAX = 1 << 20;
const POINTER = "version https://git-lfs.github.com/spec/v1\n";

/** A text with `\n` between its lines, as a browser edits it, and the separators in the file. */
export interface Text {
  text: string;
  ending: "\n" | "\r\n";
  /** Whether the file has line endings of several kinds; only one will be left. */
  isMixed: boolean;
}

export function textFrom(content: string): Text {
  const ends = content.match(/\r\n?|\n/g) ?? [];
  const ending = ends.length > 0 && ends.every((end) => end === "\r\n") ? "\r\n" : "\n";
  return { text: content.replace(/\r\n?/g, "\n"), ending, isMixed: ends.some((end) => end !== ending) };
}

/** Reads a file to be edited; undefined if the commit has none. Throws where a browser would spoil it. */
export async function editable(place: Place, head: string, path: string, init: { signal: AbortSignal }): Promise<string | undefined> {
  const content = await bytes({ ...place, ref: head }, path, init).catch((error: Error) => {
    if (error instanceof Refusal && error.status === 404) return undefined;
    throw error;
  });
  if (!content) return undefined;
  const instead = "Upload a new version of it instead.";
  if (content.length > EDITED_BYTES_MAX) throw new Error(`This file is too large to be edited here (1 MiB at most). ${instead}`);
  const text = textOf(content);
  if (text === undefined) throw new Error(`This file is no text in UTF-8, so it cannot be edited here. ${instead}`);
  if (text.startsWith(POINTER)) throw new Error(`The content of this file is in Git LFS. ${instead}`);
  return text;
}

/** Puts the changes from `old` to `mine` onto `theirs`; undefined if both changed the same lines. */
export function joined(old: string, mine: string, theirs: string): string | undefined {
  const patch = structuredPatch("", "", old, mine, "", "", { context: 3, timeout: 2_000 });
  const text = patch && applyPatch(theirs, patch, { fuzzFactor: 0, autoConvertLineEndings: false });
  return text === false ? undefined : text;
}

import { structuredPatch } from "diff";

import type { Diff } from "../parts/diff";

type DiffFile = Diff["files"][number];

// A browser that compares two long texts for longer than this would seem dead.
const COMPARING_MS_MAX = 2_000;
const PROBED_BYTES = 8_000;

/** A file before and after a change that nobody has committed yet; undefined where it does not exist. */
export interface Change {
  path: string;
  oldPath?: string;
  before?: Uint8Array | string;
  after?: Uint8Array | string;
}

/** The preview of changes as a commit. */
export function proposed(changes: Change[]): Diff {
  const files = changes.map(file);
  const sum = (of: "additions" | "deletions") => files.reduce((total, file) => total + file[of], 0);
  return { files, stats: { files: files.length, additions: sum("additions"), deletions: sum("deletions") } };
}

function file({ path, oldPath, before, after }: Change): DiffFile {
  const none = { oldMode: null, newMode: null, oldHash: null, newHash: null, additions: 0, deletions: 0 };
  const named = { path, ...(oldPath !== undefined && oldPath !== path && { oldPath }) };
  const status = before === undefined ? "added" : after === undefined ? "deleted" : "oldPath" in named ? "renamed" : "modified";
  const [old, fresh] = [textOf(before), textOf(after)];
  const plain = { ...named, status, ...none, binary: false, tooLarge: false } as const;
  if (old === undefined || fresh === undefined) return { ...plain, binary: true };
  const patch = structuredPatch("", "", old, fresh, "", "", { context: 3, timeout: COMPARING_MS_MAX });
  if (!patch) return { ...plain, tooLarge: true };
  const hunks = patch.hunks.map(({ lines, ...numbers }) => ({ ...numbers, section: "", lines: lines.flatMap(line) }));
  const count = (type: string) => hunks.reduce((total, { lines }) => total + lines.filter((line) => line.type === type).length, 0);
  return { ...plain, additions: count("added"), deletions: count("deleted"), hunks };
}

const TYPES: Partial<Record<string, "added" | "deleted" | "context">> = { "+": "added", "-": "deleted", " ": "context" };

// The remark that a file ends without a newline is not a line of it.
function line(text: string) {
  const type = TYPES[text.charAt(0)];
  return type ? [{ type, text: text.slice(1) }] : [];
}

/** The text of a file; nothing for a binary one. */
export function textOf(content: Uint8Array | string | undefined): string | undefined {
  if (content === undefined) return "";
  if (typeof content === "string") return content;
  if (content.subarray(0, PROBED_BYTES).includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return undefined;
  }
}

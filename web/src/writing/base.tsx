import type { ComponentChildren } from "preact";

import { log, refs } from "../api";
import { useData } from "../data";
import { Loaded } from "../parts/waiting";
import { type Place, isId, shortName } from "../place";
import { defaultBranch } from "./api";

/** The point from which a change begins. */
export interface Base {
  /** The branch that is shown; none where a tag or a commit is, on which nothing can be committed. */
  branch?: string;
  /** The commit that it was at when the page began; null before the first commit. */
  head: string | null;
}

/** Finds the kind of a place's ref. */
export async function baseOf(place: Place, init: { signal: AbortSignal }): Promise<Base> {
  const { ref } = place;
  if (isId(ref)) return { head: ref };
  if (ref === "") return headOf(place, init);
  const name = shortName(ref);
  const [branch, tag] = await Promise.all([
    ref.startsWith("refs/tags/") ? null : targetOf(place, `refs/heads/${name}`, init),
    // Where a tag and a branch share a short name, that means the tag.
    ref.startsWith("refs/heads/") ? null : targetOf(place, `refs/tags/${name}`, init),
  ]);
  if (branch && !tag) return { branch: name, head: branch };
  const [commit] = (await log({ ...place, path: "" }, "", 1, init)).result;
  return { head: commit?.hash ?? null };
}

async function headOf(place: Place, init: { signal: AbortSignal }): Promise<Base> {
  const { result } = await refs(place, "HEAD", "", init);
  const head = result.find(({ name }) => name === "HEAD");
  if (head?.symref) return { branch: shortName(head.symref), head: head.target };
  return { branch: shortName(await defaultBranch(place, init)), head: null };
}

/** Where a ref is, by its full name; null if it does not exist. */
export async function targetOf(place: Place, refname: string, init: { signal: AbortSignal }): Promise<string | null> {
  const { result } = await refs(place, refname, "", init);
  return result.find(({ name }) => name === refname)?.target ?? null;
}

/** Shows a view that needs to know its first commit. */
export function Based({ place, children }: { place: Place; children: (base: Base) => ComponentChildren }) {
  const base = useData(`base ${place.ref}`, (init) => baseOf(place, init));
  return <Loaded data={base}>{children}</Loaded>;
}

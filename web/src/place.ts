/** The parts of a page's URL. A ref is one segment of it: its slashes are encoded. */
export interface Place {
  namespace: string;
  repo: string;
  view: View;
  /** A branch, a tag or a commit; empty is `HEAD`. For a comparison `base...head`. */
  ref: string;
  /** For a file or a directory; empty is the root. */
  path: string;
}

// The views that change something, or lead to it.
const WRITING = ["edit", "new", "upload", "move", "delete", "reflog"] as const;

export const VIEWS = ["tree", "file", "blame", "log", "commit", "compare", "refs", "search", ...WRITING] as const;
export type View = (typeof VIEWS)[number];

/** The URL of a place, from which `App` finds it again. */
export function hrefOf({ namespace, repo, view, ref, path }: Place): string {
  const home = `/r/${namespace}/${repo}`;
  if (view === "tree" && ref === "" && path === "") return home;
  const segments = [view, encodeURIComponent(ref || "HEAD"), ...path.split("/").filter(Boolean).map(encodeURIComponent)];
  return `${home}/${segments.join("/")}`;
}

/** The place that the router found in a URL; none if there is no such view. */
export function placeOf(found: Partial<Record<string, string>>): Place | undefined {
  const { namespace = "", repo = "", view = "tree", ref = "", path = "" } = found;
  if (!isView(view)) return undefined;
  return { namespace, repo: repo.replace(/\.git$/i, ""), view, ref: ref === "HEAD" ? "" : ref, path };
}

function isView(text: string): text is View {
  return (VIEWS as readonly string[]).includes(text);
}

/** The name of a ref as people say it. */
export function shortName(ref: string): string {
  return ref.replace(/^refs\/(heads|tags)\//, "");
}

/** Whether a ref is an object's id, which no push moves. */
export function isId(ref: string): boolean {
  return /^[0-9a-f]{40}$/.test(ref);
}

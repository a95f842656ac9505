import type { Who } from "../session";

/** The parts of a path below `/n`. Nothing is the empty text. */
export interface Where {
  namespace: string;
  repo: string;
  /** Which of the views of a namespace, or of a repository. */
  section: string;
  /** For a webhook. */
  id: string;
}

/** The properties of every view. */
export interface ViewProperties {
  where: Where;
  who: Who;
}

// No namespace begins with a hyphen, so that a page without a namespace has a path of its own.
const NONE = "-";

/** The path of a view, from which `whereOf` finds it again. */
export function runHref({ namespace = "", repo = "", section = "", id = "" }: Partial<Where>): string {
  const place = repo ? [namespace, "repos", repo] : [namespace || (section ? NONE : "")];
  return `/${["n", ...place, section, id].filter(Boolean).map(encodeURIComponent).join("/")}`;
}

/** The place that a path below `/n` names. */
export function whereOf(path: string): Where {
  const [namespace = "", ...rest] = path.split("/").slice(2).filter(Boolean).map(decodeURIComponent);
  const isRepository = rest[0] === "repos" && rest[1] !== undefined;
  const [section = "", id = ""] = isRepository ? rest.slice(2) : rest;
  return { namespace: namespace === NONE ? "" : namespace, repo: (isRepository && rest[1]) || "", section, id };
}

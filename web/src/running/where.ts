import type { Who } from "../session";

/** What a path below `/n` names. Nothing is the empty text. */
export interface Where {
  namespace: string;
  repo: string;
  /** Which of the views of a namespace, or of a repository. */
  section: string;
  /** Of a webhook. */
  id: string;
}

/** What every view is given. */
export interface ViewProperties {
  where: Where;
  who: Who;
}

// No namespace begins with a hyphen, so that what is of none has a path of its own.
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

import { useEffect, useState } from "preact/hooks";

import { Refusal, client } from "./api";
import type { components } from "./schema";

/**
 * The reader of the pages, as the server tells it. The cookie of a session is the browser's alone: no script
 * sees it.
 */
export type Who = components["schemas"]["Session"];

const MARK = { "x-cairn-session": "1" } as const;

/** Nobody in particular. */
export const NOBODY: Who = {
  kind: "anonymous",
  namespace: null,
  repository: null,
  scope: null,
  label: null,
  expires_at: null,
  session: false,
};

let known: Promise<Who> | undefined;
const listeners = new Set<(who: Who) => void>();

function tell(who: Who): Who {
  known = Promise.resolve(who);
  for (const listener of listeners) listener(who);
  return who;
}

/** The reader who is signed in; asked once, until somebody signs in or out. */
export function whoAmI(): Promise<Who> {
  const mayBe = /^\/(n|signin)(\/|$)/.test(location.pathname) || stored("get");
  known ??= mayBe ? ask() : Promise.resolve(NOBODY);
  return known;
}

async function ask(): Promise<Who> {
  const who = await client.GET("/api/v1/session").then(({ data }) => data?.result ?? NOBODY, () => NOBODY);
  stored(who.kind === "anonymous" ? "remove" : "set");
  return who;
}

// Whether somebody is signed in here, and nothing more: it saves a stranger's first page a request. Where it
// is missing although Cloudflare Access lets somebody in, a look at `/n` finds that out. Browsers may forbid
// to keep anything.
function stored(act: "get" | "set" | "remove"): boolean {
  const name = "signed in";
  try {
    if (act === "set") localStorage.setItem(name, "1");
    if (act === "remove") localStorage.removeItem(name);
    return localStorage.getItem(name) !== null;
  } catch {
    return true;
  }
}

// Somebody signed in or out in another window. After its reader signs out there, this one must not go on
// showing its page.
const windows = new BroadcastChannel("session");
windows.onmessage = ({ data }) => (data === "out" ? location.reload() : ask().then(tell));

// The same of a page that the browser had put aside, and shows again as it was.
addEventListener("pageshow", async ({ persisted }) => {
  if (!persisted) return;
  const [before, now] = await Promise.all([whoAmI(), ask()]);
  if (nameOf(before) !== nameOf(now)) location.reload();
});

/** The same for a view; nothing before the server has answered. */
export function useWho(): Who | undefined {
  const [who, setWho] = useState<Who>();
  useEffect(() => {
    let isWanted = true;
    const set = (who: Who) => isWanted && setWho(who);
    listeners.add(set);
    whoAmI().then(set);
    return () => {
      isWanted = false;
      listeners.delete(set);
    };
  }, []);
  return who;
}

/** Signs in with a token. `repo` is `namespace/repository`, where the token may be of it. */
export async function signIn(token: string, place?: { namespace: string; repo: string | undefined }): Promise<Who> {
  const body = { token, ...(place && { namespace: place.namespace, ...(place.repo && { repo: place.repo }) }) };
  const { data, error, response } = await client.POST("/api/v1/session", { params: { header: MARK }, body });
  if (!data) throw new Refusal(response.status, error?.errors?.[0]);
  // A browser that refuses the cookie says nothing.
  if (!(await ask()).session) throw new Error("This browser did not keep the session: it does over https, and over http at localhost.");
  windows.postMessage("in");
  return tell(data.result);
}

/** Signs out: the server forgets the session, and the browser its cookie. */
export async function signOut(): Promise<void> {
  const { response } = await client.DELETE("/api/v1/session", { params: { header: MARK } });
  if (!response.ok) throw new Refusal(response.status);
  // Drafts of uncommitted changes belong to the user who leaves.
  sessionStorage.clear();
  stored("remove");
  windows.postMessage("out");
  tell(NOBODY);
}

/** How the frame calls somebody. */
export function nameOf({ kind, namespace, repository, label }: Who): string {
  if (kind === "operator") return "Operator";
  const of = [namespace, repository].filter(Boolean).join("/");
  return label ? `${label} (${of})` : of;
}

/** The page to sign in, which leads back to where one is. */
export function signInHref(): string {
  return `/signin?next=${encodeURIComponent(location.pathname + location.search + location.hash)}`;
}

/** A path of our pages, whatever a link says: it is not a way to another site. */
export function nextOf(given: string | undefined): string {
  const home = "/n";
  if (!given?.startsWith("/") || !URL.canParse(given, location.origin)) return home;
  const { origin, pathname, search, hash } = new URL(given, location.origin);
  const isOurs = origin === location.origin && /^\/(r|n)(\/|$)/.test(pathname);
  return isOurs ? pathname + search + hash : home;
}

import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";

import { nameOf, signInHref, signOut, useWho } from "../session";

/** The name of the reader who is signed in, and the way in or out. */
export function Account() {
  const who = useWho();
  const { path } = useLocation();
  if (!who) return <span class="account" aria-busy="true" />;
  if (who.kind === "anonymous") {
    return (
      <span class="account">
        {path !== "/signin" && <a href={signInHref()}>Sign in</a>}
      </span>
    );
  }
  return (
    <span class="account">
      <a href="/n" title={`Signed in with the scope ${who.scope ?? "of the operator"}`}>
        {nameOf(who)}
      </a>
      {who.session && (
        <button type="button" onClick={() => signOut().finally(() => location.reload())}>
          Sign out
        </button>
      )}
    </span>
  );
}

/** The head of pages beside those of a repository. */
export function Bar({ children }: { children?: ComponentChildren }) {
  return (
    <>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <header class="top">
        <p class="name">
          <a href="/n">Cairn</a>
        </p>
        {children}
        <Account />
      </header>
    </>
  );
}

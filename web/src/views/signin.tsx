import { useLocation } from "preact-iso";
import { useEffect, useRef, useState } from "preact/hooks";

import { Refusal } from "../api";
import { Bar } from "../parts/bar";
import { nextOf, signIn } from "../session";

/** `/signin?next=`: a token for a session. */
export function SignIn() {
  const { query, route } = useLocation();
  const next = nextOf(query.next);
  const field = useRef<HTMLInputElement>(null);
  const [error, setError] = useState<Error>();
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    document.title = "Sign in · Cairn";
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? "";
    if (!token) return;
    setBusy(true);
    setError(undefined);
    try {
      await signIn(token, placeOf(next));
      route(next, true);
    } catch (error) {
      setError(error as Error);
      setBusy(false);
      field.current?.focus();
    }
  };
  return (
    <>
      <Bar />
      <main id="content" class="signin">
        <h1>Sign in</h1>
        <form onSubmit={submit}>
          <label for="token">A token, or the operator's key</label>
          <input
            ref={field}
            id="token"
            type="password"
            autoComplete="current-password"
            autoFocus
            required
            aria-invalid={error ? true : undefined}
            aria-describedby={error ? "problem" : "hint"}
          />
          {error && (
            <p id="problem" class="problem" role="alert">
              {told(error)}
            </p>
          )}
          <button type="submit" disabled={isBusy}>
            Sign in
          </button>
        </form>
        <p id="hint" class="quiet">
          It is the token that Git takes as the password. This browser keeps a cookie in its place, which ends with the token, or
          when you sign out.
        </p>
      </main>
    </>
  );
}

function told(error: Error): string {
  const isWrong = error instanceof Refusal && error.status === 401;
  return isWrong ? "No token like this is accepted: it may be mistyped, revoked or expired." : error.message;
}

// A signed token need not say where it is taken: the page to go to does.
function placeOf(next: string): { namespace: string; repo: string | undefined } | undefined {
  const [, namespace, repo] = /^\/(?:r|n)\/([^/?#]+)(?:\/([^/?#]+))?/.exec(next) ?? [];
  if (!namespace) return undefined;
  return { namespace: decodeURIComponent(namespace), repo: next.startsWith("/r/") && repo ? decodeURIComponent(repo) : undefined };
}

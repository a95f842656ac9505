import { Component, type ComponentChildren } from "preact";

import { Refusal } from "../api";
import { signInHref, useWho } from "../session";

/** Names the fault, in the place where its result would stand. */
export function Failure({ error }: { error: Error }) {
  const isHidden = error instanceof Refusal && (error.status === 401 || error.status === 404);
  const isRefused = isHidden || (error instanceof Refusal && error.status === 403);
  return (
    <section class="message" role="alert">
      <h1>{isHidden ? "Nothing to see here" : "That did not work"}</h1>
      <p>{isHidden ? "It does not exist, or you may not see it." : error.message}</p>
      {isHidden && <p class="quiet">The server says: {error.message}</p>}
      {isRefused && <SignInFirst />}
    </section>
  );
}

function SignInFirst() {
  const who = useWho();
  if (!who) return null;
  return (
    <p>
      <a href={signInHref()}>{who.kind === "anonymous" ? "Sign in" : "Sign in with another token"}</a>
    </p>
  );
}

/** Keeps a fault of one view from taking the whole page along. */
class Boundary extends Component<{ children: ComponentChildren }, { error?: Error }> {
  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  render() {
    return this.state.error ? <Failure error={this.state.error} /> : this.props.children;
  }
}

Failure.Boundary = Boundary;

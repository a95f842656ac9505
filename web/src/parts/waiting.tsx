import type { ComponentChildren } from "preact";

import type { Data } from "../data";
import { Failure } from "./failure";

/** Shows the loaded value; before that, that it is under way; else why it failed. */
export function Loaded<T>({ data, children }: { data: Data<T>; children: (value: T) => ComponentChildren }) {
  if (data.value !== undefined) return <>{children(data.value)}</>;
  if (data.error) return <Failure error={data.error} />;
  return <Waiting />;
}

/** Says that something is under way. */
export function Waiting() {
  return <p class="waiting" role="status" aria-busy="true" aria-label="Loading" />;
}

/** The button below a list that goes on. */
export function More({ more, isLoading }: { more?: (() => void) | undefined; isLoading: boolean }) {
  if (!more && !isLoading) return null;
  return (
    <p class="more">
      <button type="button" disabled={isLoading} onClick={more}>
        {isLoading ? "Loading…" : "Show more"}
      </button>
    </p>
  );
}

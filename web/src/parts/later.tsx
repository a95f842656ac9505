import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Failure } from "./failure";

/** A component whose script is loaded when it is shown for the first time. */
export function later<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let known: ComponentType<P> | undefined;
  return function Later(properties: P) {
    const [Shown, show] = useState(() => known);
    const [error, setError] = useState<Error>();
    useEffect(() => {
      // Another one of its kind may have loaded it since this one was drawn.
      if (known) {
        show(() => known);
        return;
      }
      load().then(
        (loaded) => {
          known = loaded;
          show(() => loaded);
        },
        // After a deployment the old files are gone.
        () => setError(new Error("A part of this page could not be loaded. Load the page again.")),
      );
    }, []);
    if (error) return <Failure error={error} />;
    return Shown ? <Shown {...properties} /> : <span class="waiting" role="status" aria-busy="true" aria-label="Loading" />;
  };
}

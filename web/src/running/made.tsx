import type { components } from "../schema";
import { Once } from "./acts";
import { runHref } from "./where";

type Created = components["schemas"]["CreatedRepository"];

/** A repository that was just made, with the token that comes with it. */
export function Made({ namespace, repository: { name, token, clone_url, skipped_refs } }: { namespace: string; repository: Created }) {
  return (
    <section class="group">
      <h2>{name} is made</h2>
      <Once label="A token to fetch and push for a day." secret={token} />
      <p>
        <a class="button" href={runHref({ namespace, repo: name })}>
          Open {name}
        </a>
      </p>
      <p class="quiet">With that token:</p>
      <pre class="plain" tabIndex={0}>{`git clone ${clone_url}`}</pre>
      {skipped_refs && skipped_refs.count > 0 && <p>{skipped_refs.count} refs were left out because of their names.</p>}
    </section>
  );
}

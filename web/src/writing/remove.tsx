import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";

import { EMPTY_TREE, diff } from "../api";
import { Crumbs } from "../parts/crumbs";
import { type Place, hrefOf } from "../place";
import { UNENDED, commitFiles } from "./api";
import { type Base, Based } from "./base";
import { CommitForm } from "./commit_form";

/** Deletes a file, or a directory with all that is in it. */
export function Remove({ place }: { place: Place }) {
  return (
    <>
      <div class="bar">
        <Crumbs place={place} />
      </div>
      <Based place={place}>{(base) => <Removing place={place} beginning={base} />}</Based>
    </>
  );
}

function Removing({ place, beginning }: { place: Place; beginning: Base }) {
  const { route } = useLocation();
  const [base, setBase] = useState(beginning);
  const above = place.path.split("/").slice(0, -1).join("/");
  return (
    <>
      <h2>
        Delete <code>{place.path}</code>
      </h2>
      <CommitForm
        place={place}
        base={base}
        rebase={setBase}
        subject={`Delete ${place.path}`}
        stamp={base.head ?? ""}
        send={(commit) => commitFiles(place, { ...commit, files: [{ path: place.path, delete: true }] })}
        // The content at the path, against nothing: a file, or all that is in a directory.
        preview={async () => (await diff(place, base.head ?? "", EMPTY_TREE, UNENDED)).result}
        done={({ ref }) => route(hrefOf({ ...place, view: "tree", ref, path: above }))}
      />
    </>
  );
}

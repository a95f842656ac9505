import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";

import { Crumbs } from "../parts/crumbs";
import { Text } from "../parts/form";
import { type Place, hrefOf } from "../place";
import { commitFiles } from "./api";
import { type Base, Based } from "./base";
import { checkFree } from "./free";
import { proposed } from "./proposal";
import { CommitForm } from "./commit_form";

/** Moves or renames a file or a directory. */
export function Move({ place }: { place: Place }) {
  return (
    <>
      <div class="bar">
        <Crumbs place={place} />
      </div>
      <Based place={place}>{(base) => <Moving place={place} beginning={base} />}</Based>
    </>
  );
}

function Moving({ place, beginning }: { place: Place; beginning: Base }) {
  const { route } = useLocation();
  const [base, setBase] = useState(beginning);
  const [path, setPath] = useState(place.path);
  return (
    <>
      <Text label="New path" value={path} change={setPath} pointer="/files/0/path" isRequired isFirst />
      <CommitForm
        place={place}
        base={base}
        rebase={setBase}
        subject={`Move ${place.path} to ${path}`}
        stamp={path}
        isUnchanged={path === place.path || path === "" || path.endsWith("/")}
        send={async (commit) => {
          await checkFree(place, base.head, path);
          return commitFiles(place, { ...commit, files: [{ path, move_from: place.path }] });
        }}
        preview={() => proposed([{ path, oldPath: place.path, before: "", after: "" }])}
        done={({ ref }) => route(hrefOf({ ...place, view: "tree", ref, path: path.split("/").slice(0, -1).join("/") }))}
      />
    </>
  );
}

import { useLocation, useRoute } from "preact-iso";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";

import { Failure } from "../parts/failure";
import { Frame } from "../parts/frame";
import { type Place, type View, placeOf } from "../place";
import { Blame } from "./blame";
import { Commit } from "./commit";
import { Compare } from "./compare";
import { File } from "./file";
import { Log } from "./log";
import { Nowhere } from "./nowhere";
import { Refs } from "./refs";
import { Search } from "./search";
import { Tree } from "./tree";
import { Edit, Move, Reflog, Remove, Upload } from "./writing";

const SHOWN: Record<View, ComponentType<{ place: Place }>> = {
  tree: Tree,
  file: File,
  blame: Blame,
  log: Log,
  commit: Commit,
  compare: Compare,
  refs: Refs,
  search: Search,
  edit: Edit,
  new: Edit,
  upload: Upload,
  move: Move,
  delete: Remove,
  reflog: Reflog,
};

/** Everything below `/r/<namespace>/<repo>`. */
export function Repository() {
  const { path: url } = useLocation();
  const place = placeOf(useRoute().params);
  useEffect(() => {
    if (place) document.title = titleOf(place);
  }, [url]);
  if (!place) return <Nowhere />;
  const Shown = SHOWN[place.view];
  return (
    <Frame place={place}>
      <Failure.Boundary key={url}>
        <Shown place={place} />
      </Failure.Boundary>
    </Frame>
  );
}

function titleOf({ namespace, repo, view, ref, path }: Place): string {
  const what = view === "tree" ? path : [view === "file" ? "" : view, path].filter(Boolean).join(" ");
  const where = ref ? ` at ${ref}` : "";
  return `${what ? `${what}${where} · ` : ""}${namespace}/${repo}`;
}

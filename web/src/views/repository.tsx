import { useLocation, useRoute } from "preact-iso";
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

const SHOWN: Record<View, (properties: { place: Place }) => preact.JSX.Element> = {
  tree: Tree,
  file: File,
  blame: Blame,
  log: Log,
  commit: Commit,
  compare: Compare,
  refs: Refs,
  search: Search,
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

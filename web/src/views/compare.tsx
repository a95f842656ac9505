import { useState } from "preact/hooks";

import { compare } from "../api";
import { useData } from "../data";
import { useMayWrite } from "../may";
import { Commits } from "../parts/commits";
import { Loaded } from "../parts/waiting";
import { type Place, shortName } from "../place";
import { Changes } from "./commit";
import { Merge } from "./writing";

/** The commits that one ref has and another has not, and the files that differ. */
export function Compare({ place }: { place: Place }) {
  const mayWrite = useMayWrite(place);
  const [version, setVersion] = useState(0);
  const found = useData(`compare ${place.ref} ${version}`, async (init) => (await compare(place, place.ref, init)).result);
  const [older = "", newer = ""] = place.ref.split("...");
  const [base, head] = [shortName(older), shortName(newer)];
  return (
    <>
      <h2>
        <code>{head || "HEAD"}</code> against <code>{base || "HEAD"}</code>
      </h2>
      <Loaded data={found}>
        {({ aheadBy, behindBy, commits, commitsTruncated, mergeBase, base: from, head: to }) => (
          <>
            <p class="quiet">
              {aheadBy} ahead, {behindBy} behind
              {commitsTruncated && `; the first ${commits.length} are shown`}
            </p>
            {mayWrite && aheadBy > 0 && place.ref.includes("...") && (
              <Merge place={place} from={newer || "HEAD"} into={older} changed={() => setVersion(version + 1)} />
            )}
            <Commits place={{ ...place, ref: to, path: "" }} commits={commits} />
            <Changes place={{ ...place, ref: to, path: "" }} base={mergeBase ?? from} head={to} />
          </>
        )}
      </Loaded>
    </>
  );
}

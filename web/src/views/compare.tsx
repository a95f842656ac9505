import { compare } from "../api";
import { useData } from "../data";
import { Commits } from "../parts/commits";
import { Loaded } from "../parts/waiting";
import { type Place, shortName } from "../place";
import { Changes } from "./commit";

/** What one ref has that another has not: commits, and the files that differ. */
export function Compare({ place }: { place: Place }) {
  const found = useData(`compare ${place.ref}`, async (init) => (await compare(place, place.ref, init)).result);
  const [base = "", head = ""] = place.ref.split("...").map(shortName);
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
            <Commits place={{ ...place, ref: to, path: "" }} commits={commits} />
            <Changes place={{ ...place, ref: to, path: "" }} base={mergeBase ?? from} head={to} />
          </>
        )}
      </Loaded>
    </>
  );
}

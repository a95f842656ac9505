import { EMPTY_TREE, commit, diff } from "../api";
import { useData } from "../data";
import { useMayWrite } from "../may";
import { Differences } from "../parts/diff";
import { bodyOf, subjectOf } from "../parts/message";
import { Time } from "../parts/time";
import { Loaded } from "../parts/waiting";
import { type Place, hrefOf } from "../place";
import { Pick } from "./writing";

/** One commit: its message, and its changes against its first parent. */
export function Commit({ place }: { place: Place }) {
  const mayWrite = useMayWrite(place);
  const found = useData(`commit ${place.ref}`, async (init) => (await commit(place, place.ref, init)).result);
  return (
    <Loaded data={found}>
      {({ hash, message, author, committer, parents, authoredAt, committedAt }) => (
        <>
          <section class="card commit">
            <h2>{subjectOf(message)}</h2>
            {bodyOf(message) && <pre>{bodyOf(message)}</pre>}
            <p class="quiet">
              <strong>{author.name}</strong> wrote it <Time at={authoredAt} />
              {committer.name !== author.name && (
                <>
                  , <strong>{committer.name}</strong> committed it <Time at={committedAt} />
                </>
              )}
            </p>
            <p class="quiet">
              commit <code>{hash}</code>
              {parents.map((parent) => (
                <span key={parent}>
                  {" "}
                  · parent{" "}
                  <a href={hrefOf({ ...place, ref: parent })}>
                    <code>{parent.slice(0, 10)}</code>
                  </a>
                </span>
              ))}{" "}
              · <a href={hrefOf({ ...place, view: "tree", ref: hash, path: "" })}>Files</a>
            </p>
          </section>
          {mayWrite && <Pick place={place} hash={hash} parents={parents} />}
          <Changes place={place} base={parents[0] ?? EMPTY_TREE} head={hash} />
        </>
      )}
    </Loaded>
  );
}

/** The differences between two commits. */
export function Changes({ place, base, head }: { place: Place; base: string; head: string }) {
  const isWhitespaceOff = location.search === "?w";
  const found = useData(
    `diff ${base} ${head} ${isWhitespaceOff}`,
    async (init) => (await diff({ ...place, path: "" }, base, head, init, isWhitespaceOff)).result,
  );
  return (
    <Loaded data={found}>
      {(found) => <Differences place={{ ...place, ref: head }} base={base} diff={found} isWhitespaceOff={isWhitespaceOff} />}
    </Loaded>
  );
}

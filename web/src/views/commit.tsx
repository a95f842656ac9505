import { commit, diff } from "../api";
import { useData } from "../data";
import { Differences } from "../parts/diff";
import { bodyOf, subjectOf } from "../parts/message";
import { Time } from "../parts/time";
import { Loaded } from "../parts/waiting";
import { type Place, hrefOf } from "../place";

const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/** One commit: its message, and what it changed against its first parent. */
export function Commit({ place }: { place: Place }) {
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
          <Changes place={place} base={parents[0] ?? EMPTY_TREE} head={hash} />
        </>
      )}
    </Loaded>
  );
}

/** What differs between two commits. */
export function Changes({ place, base, head }: { place: Place; base: string; head: string }) {
  const found = useData(`diff ${base} ${head}`, async (init) => (await diff({ ...place, path: "" }, base, head, init)).result);
  return <Loaded data={found}>{(found) => <Differences place={{ ...place, ref: head }} base={base} diff={found} />}</Loaded>;
}

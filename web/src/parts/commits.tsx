import type { log } from "../api";
import { type Place, hrefOf } from "../place";
import { bodyOf, subjectOf } from "./message";
import { Time, dayOf } from "./time";

type Commit = Awaited<ReturnType<typeof log>>["result"][number];

/** A list of commits under the days on which they were made. */
export function Commits({ place, commits }: { place: Place; commits: Commit[] }) {
  const days = Map.groupBy(commits, ({ committedAt }) => dayOf(committedAt));
  if (commits.length === 0) return <p class="message">No commits.</p>;
  return (
    <>
      {[...days].map(([day, commits]) => (
        <section key={`${day} ${commits[0]?.hash}`}>
          <h2 class="day">{day}</h2>
          <ol class="card commits">
            {commits.map((commit) => (
              <Row key={commit.hash} place={place} commit={commit} />
            ))}
          </ol>
        </section>
      ))}
    </>
  );
}

function Row({ place, commit }: { place: Place; commit: Commit }) {
  const { hash, message, author, committedAt } = commit;
  const body = bodyOf(message);
  return (
    <li>
      <div>
        <a class="subject" href={hrefOf({ ...place, view: "commit", ref: hash, path: "" })}>
          {subjectOf(message)}
        </a>
        {body && (
          <details>
            <summary aria-label="The whole message">…</summary>
            <pre>{body}</pre>
          </details>
        )}
        <p class="quiet">
          {author.name}, <Time at={committedAt} />
        </p>
      </div>
      <a class="hash" href={hrefOf({ ...place, view: "tree", ref: hash, path: "" })} title="The files as of this commit">
        {hash.slice(0, 10)}
      </a>
    </li>
  );
}

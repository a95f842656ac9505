import { blame, bytes } from "../api";
import { useData } from "../data";
import { Crumbs } from "../parts/crumbs";
import { subjectOf } from "../parts/message";
import { Time } from "../parts/time";
import { Loaded } from "../parts/waiting";
import { type Place, hrefOf } from "../place";

type Blamed = Awaited<ReturnType<typeof blame>>["result"];

/** The lines of a file, each beside the commit that it comes from. */
export function Blame({ place }: { place: Place }) {
  const found = useData(`blame ${place.ref} ${place.path}`, async (init) => {
    const [content, whole] = await Promise.all([bytes(place, place.path, init), wholeBlame(place, init)]);
    return { lines: new TextDecoder().decode(content).replace(/\n$/, "").split("\n"), ...whole };
  });
  return (
    <>
      <div class="bar">
        <Crumbs place={place} />
        <span class="actions">
          <a href={hrefOf({ ...place, view: "file" })}>File</a>
          <a href={hrefOf({ ...place, view: "log" })}>History</a>
        </span>
      </div>
      <section class="card">
        <Loaded data={found}>{(found) => <Ranges place={place} {...found} />}</Loaded>
      </section>
    </>
  );
}

// Every page of it: a long history takes several.
async function wholeBlame(place: Place, init: { signal: AbortSignal }): Promise<Pick<Blamed, "ranges" | "commits">> {
  const [ranges, commits]: [Blamed["ranges"], Blamed["commits"]] = [[], []];
  let cursor = "";
  do {
    const page = await blame(place, cursor, init);
    ranges.push(...page.result.ranges);
    commits.push(...page.result.commits);
    cursor = page.cursor;
  } while (cursor);
  return { ranges: ranges.sort((a, b) => a.line - b.line), commits };
}

function Ranges({ place, lines, ranges, commits }: { place: Place; lines: string[] } & Pick<Blamed, "ranges" | "commits">) {
  const of = new Map(commits.map((commit) => [commit.hash, commit]));
  return (
    <table class="code blame">
      {ranges.map(({ line, lines: count, hash, path }) => {
        const commit = of.get(hash);
        return (
          <tbody key={line}>
            {lines.slice(line - 1, line - 1 + count).map((text, at) => (
              <tr key={line + at}>
                {at === 0 && (
                  <td class="origin" rowSpan={count}>
                    <a href={hrefOf({ ...place, view: "commit", ref: hash, path: "" })} title={commit?.message}>
                      {commit ? subjectOf(commit.message) : hash.slice(0, 10)}
                    </a>
                    <span class="quiet">
                      {commit?.author.name} {commit && <Time at={commit.authoredAt} />}{" "}
                      {commit?.parents[0] && (
                        <a href={hrefOf({ ...place, view: "blame", ref: commit.parents[0], path })} title="Blame before this commit">
                          ↑
                        </a>
                      )}
                    </span>
                  </td>
                )}
                <td class="number" data-line={line + at} />
                <td>{text}</td>
              </tr>
            ))}
          </tbody>
        );
      })}
    </table>
  );
}

import { archiveUrl, log, tree } from "../api";
import { Crumbs } from "../parts/crumbs";
import { Failure } from "../parts/failure";
import { subjectOf } from "../parts/message";
import { Readme, readmeOf } from "../parts/readme";
import { Time } from "../parts/time";
import { Loaded, More } from "../parts/waiting";
import { useMayWrite } from "../may";
import { type Pages, useData, usePages } from "../data";
import { type Place, hrefOf } from "../place";

type Entry = Awaited<ReturnType<typeof tree>>["result"][number];
type Commit = Awaited<ReturnType<typeof log>>["result"][number];

/** A directory: its entries with the commits that changed them last, and its README. */
export function Tree({ place }: { place: Place }) {
  const tip = useData(`tip ${place.ref}`, async (init) => {
    const told = place.ref === "" ? toldTip() : undefined;
    if (told) return told;
    const { result } = await log({ ...place, path: "" }, "", 1, init);
    return result[0] ?? null;
  });
  return <Loaded data={tip}>{(tip) => (tip ? <Directory place={place} tip={tip} /> : <Empty place={place} />)}</Loaded>;
}

// The document may name HEAD's branch. That is of the moment when it was sent, so it counts once, and only
// where the document was opened for it: after another view the branch may have moved, by a commit made there.
const IS_TREE_OF_HEAD = /^\/r\/[^/]+\/[^/]+(\/tree\/HEAD(\/.*)?)?\/?$/;
let about = IS_TREE_OF_HEAD.test(location.pathname) ? document.getElementById("about")?.textContent : undefined;

function toldTip(): Commit | null | undefined {
  if (!about) return undefined;
  const told: { tip?: Commit | null } = JSON.parse(about);
  about = undefined;
  return told.tip;
}

function Directory({ place, tip }: { place: Place; tip: Commit }) {
  const entries = usePages(`${tip.hash} ${place.path}`, (cursor, init) => tree(place, tip.hash, cursor, init));
  const mayWrite = useMayWrite(place);
  const readme = entries.value && readmeOf(entries.value.map(({ name }) => name));
  return (
    <>
      <div class="bar">
        <Crumbs place={place} />
        <span class="actions">
          {mayWrite && <Writing place={place} />}
          <a href={hrefOf({ ...place, view: "log" })}>History</a>
          <a href={hrefOf({ ...place, ref: tip.hash })} title="A link that no push changes">
            Permalink
          </a>
          <a href={archiveUrl(place, "zip")} download>
            zip
          </a>
          <a href={archiveUrl(place, "tar.gz")} download>
            tar.gz
          </a>
        </span>
      </div>
      <section class="card">
        <p class="tip">
          <strong>{tip.author.name}</strong>{" "}
          <a href={hrefOf({ ...place, view: "commit", ref: tip.hash, path: "" })}>{subjectOf(tip.message)}</a>
          <span class="quiet right">
            <code>{tip.hash.slice(0, 10)}</code> <Time at={tip.committedAt} />
          </span>
        </p>
        <Entries place={place} entries={entries} />
      </section>
      {readme && <Readme place={{ ...place, ref: tip.hash }} name={readme} />}
    </>
  );
}

function Writing({ place }: { place: Place }) {
  return (
    <>
      <a href={hrefOf({ ...place, view: "new" })}>New file</a>
      <a href={hrefOf({ ...place, view: "upload" })}>Upload</a>
      {place.path && (
        <>
          <a href={hrefOf({ ...place, view: "move" })}>Move</a>
          <a href={hrefOf({ ...place, view: "delete" })}>Delete</a>
        </>
      )}
    </>
  );
}

function Entries({ place, entries }: { place: Place; entries: Pages<Entry> }) {
  const at = (name: string) => (place.path ? `${place.path}/${name}` : name);
  const sorted = (list: Entry[]) => [...list.filter(isFolder), ...list.filter((entry) => !isFolder(entry))];
  return (
    <>
      <Loaded data={{ ...entries, error: entries.value ? undefined : entries.error }}>
        {(list) => (
          <table class="entries">
            <thead class="hidden">
              <tr>
                <th>Name</th>
                <th>Last commit</th>
                <th>Time</th>
              </tr>
            </thead>
            <tbody>
              {sorted(list).map((entry) => (
                <Row key={entry.name} place={place} path={at(entry.name)} entry={entry} />
              ))}
            </tbody>
          </table>
        )}
      </Loaded>
      {entries.value && entries.error && <Failure error={entries.error} />}
      <More more={entries.more} isLoading={entries.isLoading && entries.value !== undefined} />
    </>
  );
}

function isFolder({ type }: Entry): boolean {
  return type === "tree";
}

function Row({ place, path, entry }: { place: Place; path: string; entry: Entry }) {
  const { name, type, lastCommit } = entry;
  const href = hrefOf({ ...place, view: type === "tree" ? "tree" : "file", path });
  return (
    <tr>
      <td class={`entry ${type}`}>{type === "gitlink" ? <span title="A submodule">{name}</span> : <a href={href}>{name}</a>}</td>
      <td class="subject">
        {lastCommit && (
          <a class="quiet" href={hrefOf({ ...place, view: "commit", ref: lastCommit.hash, path: "" })}>
            {subjectOf(lastCommit.message)}
          </a>
        )}
      </td>
      <td class="quiet when">{lastCommit && <Time at={lastCommit.committedAt} />}</td>
    </tr>
  );
}

function Empty({ place }: { place: Place }) {
  const { namespace, repo } = place;
  const mayWrite = useMayWrite(place);
  const remote = `${location.origin}/git/${namespace}/${repo}.git`;
  return (
    <section class="card prose">
      <h2>Nothing has been pushed yet</h2>
      <pre>{`git remote add origin ${remote}\ngit push -u origin HEAD`}</pre>
      {mayWrite && (
        <p>
          Or make the first commit here: <a href={hrefOf({ ...place, view: "new" })}>a new file</a>,{" "}
          <a href={hrefOf({ ...place, view: "upload" })}>an upload</a>.
        </p>
      )}
    </section>
  );
}

import { useState } from "preact/hooks";

import { Refusal, refs } from "../api";
import { usePages } from "../data";
import { useMayWrite } from "../may";
import { Failure } from "../parts/failure";
import { Loaded, More } from "../parts/waiting";
import { type Place, hrefOf, shortName } from "../place";
import { DeleteRef, MakeRef } from "./writing";

/** Branches, each against that of HEAD, and tags. */
export function Refs({ place }: { place: Place }) {
  const mayWrite = useMayWrite(place);
  return (
    <>
      <div class="columns">
        <List place={place} title="Branches" prefix="refs/heads/" />
        <List place={place} title="Tags" prefix="refs/tags/" />
      </div>
      {mayWrite && (
        <p class="quiet">
          <a href={hrefOf({ ...place, view: "reflog", ref: "", path: "" })}>Where all of them have been</a>, and the way back
        </p>
      )}
    </>
  );
}

// Where HEAD leads to no commit yet there is nothing to count from.
async function counted(place: Place, prefix: string, cursor: string, init: { signal: AbortSignal }) {
  try {
    return await refs(place, prefix, cursor, init, "HEAD");
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return refs(place, prefix, cursor, init);
    throw error;
  }
}

function List({ place, title, prefix }: { place: Place; title: string; prefix: "refs/heads/" | "refs/tags/" }) {
  const [begin, setBegin] = useState("");
  const [version, setVersion] = useState(0);
  const changed = () => setVersion(version + 1);
  const mayWrite = useMayWrite(place);
  const isBranches = prefix === "refs/heads/";
  const found = usePages(`refs ${prefix}${begin} ${version}`, (cursor, init) =>
    isBranches ? counted(place, prefix + begin, cursor, init) : refs(place, prefix + begin, cursor, init),
  );
  return (
    <section>
      <div class="bar">
        <h2>{title}</h2>
        {mayWrite && <MakeRef place={place} prefix={prefix} changed={changed} />}
      </div>
      <input
        type="search"
        placeholder="How the name begins"
        aria-label={`How the names of ${title.toLowerCase()} begin`}
        value={begin}
        onInput={(event) => setBegin(event.currentTarget.value)}
      />
      <Loaded data={found}>
        {(list) => (
          <ul class="card refs">
            {list
              .filter(({ name }) => name !== "HEAD")
              .map(({ name, target, aheadBy, behindBy }) => (
                <li key={name}>
                  <a href={hrefOf({ ...place, view: "tree", ref: name, path: "" })}>{shortName(name)}</a>
                  <span class="quiet right">
                    {aheadBy !== undefined && `${aheadBy} ahead, ${behindBy} behind `}
                    <a href={hrefOf({ ...place, view: "log", ref: name, path: "" })}>history</a>{" "}
                    {isBranches && (
                      <a href={hrefOf({ ...place, view: "compare", ref: `...${name}`, path: "" })}>compare</a>
                    )}{" "}
                    {mayWrite && <a href={hrefOf({ ...place, view: "reflog", ref: name, path: "" })}>reflog</a>}{" "}
                    <code>{target?.slice(0, 10)}</code>{" "}
                    {mayWrite && <DeleteRef place={place} name={name} target={target} changed={changed} />}
                  </span>
                </li>
              ))}
          </ul>
        )}
      </Loaded>
      {found.value && found.error && <Failure error={found.error} />}
      <More more={found.more} isLoading={found.isLoading && found.value !== undefined} />
    </section>
  );
}

import { useState } from "preact/hooks";

import { refs } from "../api";
import { usePages } from "../data";
import { Failure } from "../parts/failure";
import { Loaded, More } from "../parts/waiting";
import { type Place, hrefOf, shortName } from "../place";

/** Branches and tags. */
export function Refs({ place }: { place: Place }) {
  return (
    <div class="columns">
      <List place={place} title="Branches" prefix="refs/heads/" />
      <List place={place} title="Tags" prefix="refs/tags/" />
    </div>
  );
}

function List({ place, title, prefix }: { place: Place; title: string; prefix: string }) {
  const [begin, setBegin] = useState("");
  const found = usePages(`refs ${prefix}${begin}`, (cursor, init) => refs(place, prefix + begin, cursor, init));
  return (
    <section>
      <h2>{title}</h2>
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
              .map(({ name, target }) => (
                <li key={name}>
                  <a href={hrefOf({ ...place, view: "tree", ref: name, path: "" })}>{shortName(name)}</a>
                  <span class="quiet right">
                    <a href={hrefOf({ ...place, view: "log", ref: name, path: "" })}>history</a>{" "}
                    {prefix === "refs/heads/" && (
                      <a href={hrefOf({ ...place, view: "compare", ref: `...${name}`, path: "" })}>compare</a>
                    )}{" "}
                    <code>{target?.slice(0, 10)}</code>
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

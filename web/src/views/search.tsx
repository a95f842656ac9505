import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";

import { grep } from "../api";
import { useData } from "../data";
import { Crumbs } from "../parts/crumbs";
import { Loaded, More } from "../parts/waiting";
import { type Place, hrefOf } from "../place";

type Found = Awaited<ReturnType<typeof grep>>["result"]["files"][number];

/** Lines of a ref's files that have a text in them. */
export function Search({ place }: { place: Place }) {
  const { query, route } = useLocation();
  const asked = query.q ?? "";
  return (
    <>
      <div class="bar">
        <Crumbs place={{ ...place, path: "" }} />
      </div>
      <form
        class="search"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          const typed = String(new FormData(event.currentTarget).get("q") ?? "");
          route(`${hrefOf(place)}?q=${encodeURIComponent(typed)}`);
        }}
      >
        <input type="search" name="q" aria-label="A text in files" placeholder="A text in files" defaultValue={asked} />
        <button type="submit">Search</button>
        <span class="quiet">
          <kbd>t</kbd> goes to a file by its name
        </span>
      </form>
      {asked && <Results key={asked} place={place} asked={asked} />}
    </>
  );
}

function Results({ place, asked }: { place: Place; asked: string }) {
  const [cursors, setCursors] = useState([""]);
  return (
    <>
      {cursors.map((cursor, at) => (
        <Part
          key={cursor}
          place={place}
          asked={asked}
          cursor={cursor}
          more={at === cursors.length - 1 ? (next) => setCursors([...cursors, next]) : undefined}
        />
      ))}
    </>
  );
}

interface PartProperties {
  place: Place;
  asked: string;
  cursor: string;
  more: ((cursor: string) => void) | undefined;
}

function Part({ place, asked, cursor, more }: PartProperties) {
  const found = useData(`grep ${place.ref} ${asked} ${cursor}`, (init) => grep(place, asked, cursor, init));
  return (
    <Loaded data={found}>
      {({ result: { files }, cursor: next }) => (
        <>
          {files.length === 0 && !next && cursor === "" && <p class="message">No file has this text.</p>}
          {files.map((file) => (
            <InFile key={file.path} place={place} file={file} />
          ))}
          {next && more && <More more={() => more(next)} isLoading={false} />}
        </>
      )}
    </Loaded>
  );
}

function InFile({ place, file: { path, lines, binary } }: { place: Place; file: Found }) {
  const href = hrefOf({ ...place, view: "file", path });
  return (
    <section class="card">
      <p class="tip">
        <a href={href}>{path}</a>
      </p>
      {binary ? (
        <p class="message">A binary file.</p>
      ) : (
        <table class="code">
          <tbody>
            {lines.map(({ line, text }) => (
              <tr key={line}>
                <td class="number">
                  <a href={`${href}#L${line}`} data-line={line} aria-label={`Line ${line}`} />
                </td>
                <td>{text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

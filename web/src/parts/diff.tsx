import { useState } from "preact/hooks";

import { type Diff as Compared, rawUrl } from "../api";
import { type Place, hrefOf } from "../place";

/** Files that differ, of commits or of uncommitted changes. */
export type Diff = Pick<Compared, "files" | "stats">;
type File = Diff["files"][number];
type Hunk = NonNullable<File["hunks"]>[number];
type Line = NonNullable<Hunk["lines"]>[number];

// A file with more changed lines is folded until somebody opens it, and so are all beyond so many.
const OPEN_LINES_MAX = 600;
const OPEN_FILES_MAX = 60;
const IMAGE = /\.(png|jpe?g|gif|webp|avif)$/i;

interface All {
  place: Place;
  base: string;
  diff: Diff;
  /** Missing where nothing is committed yet. */
  isWhitespaceOff?: boolean;
}

/** The files that differ between two commits; `place.ref` is the newer one. */
export function Differences({ place, base, diff, isWhitespaceOff }: All) {
  const [isSplit, setSplit] = useState(false);
  const { files, additions, deletions } = diff.stats;
  return (
    <>
      <div class="bar">
        <span>
          {files} {files === 1 ? "file" : "files"} changed, <span class="added">+{additions}</span>{" "}
          <span class="deleted">−{deletions}</span>
        </span>
        {isWhitespaceOff !== undefined && (
          <a href={isWhitespaceOff ? location.pathname : "?w"}>{isWhitespaceOff ? "Show white space" : "Hide white space"}</a>
        )}
        <span class="actions" role="group" aria-label="Layout">
          <button type="button" aria-pressed={!isSplit} onClick={() => setSplit(false)}>
            Unified
          </button>
          <button type="button" aria-pressed={isSplit} onClick={() => setSplit(true)}>
            Split
          </button>
        </span>
      </div>
      {diff.files.map((file, at) => (
        <Difference key={file.path} place={place} base={base} file={file} isSplit={isSplit} isOpen={at < OPEN_FILES_MAX} />
      ))}
    </>
  );
}

interface Properties {
  place: Place;
  base: string;
  file: File;
  isSplit: boolean;
  isOpen: boolean;
}

function Difference({ place, base, file, isSplit, isOpen }: Properties) {
  const { path, oldPath, status, additions, deletions } = file;
  const [open, setOpen] = useState(isOpen && additions + deletions <= OPEN_LINES_MAX);
  return (
    <details class="card file" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class={`status ${status}`}>{status.replace("_", " ")}</span>
        <span class="path">
          {oldPath && oldPath !== path && <>{oldPath} → </>}
          {path}
        </span>
        <span class="right">
          <span class="added">+{additions}</span> <span class="deleted">−{deletions}</span>
        </span>
      </summary>
      {open && <Body place={place} base={base} file={file} isSplit={isSplit} />}
    </details>
  );
}

function Body({ place, base, file, isSplit }: Omit<Properties, "isOpen">) {
  const { path, oldPath, oldHash, newHash, binary, tooLarge, hunks } = file;
  // A change that is not committed yet has nothing to load.
  if (binary && IMAGE.test(path) && (oldHash || newHash)) {
    return (
      <div class="pictures">
        {oldHash && <img src={rawUrl({ ...place, ref: base }, oldPath ?? path)} alt={`${path} before`} />}
        {newHash && <img src={rawUrl(place, path)} alt={`${path} after`} />}
      </div>
    );
  }
  if (binary) return <p class="message">A binary file.</p>;
  if (tooLarge) return <p class="message">The lines are too many to be compared.</p>;
  const shown = hunks ?? [];
  if (shown.length === 0) return <p class="message">No line differs.</p>;
  return (
    <>
      <table class={isSplit ? "code split" : "code"}>
        {shown.map((hunk) => (
          <tbody key={`${hunk.oldStart} ${hunk.newStart}`}>
            <tr class="hunk">
              <td colSpan={isSplit ? 4 : 3}>
                @@ −{hunk.oldStart},{hunk.oldLines} +{hunk.newStart},{hunk.newLines} @@ {hunk.section}
              </td>
            </tr>
            {isSplit ? <Split hunk={hunk} /> : <Unified hunk={hunk} />}
          </tbody>
        ))}
      </table>
      {newHash && (
        <p class="tip">
          <a href={hrefOf({ ...place, view: "file", path })}>The whole file</a>
        </p>
      )}
    </>
  );
}

interface Numbered {
  line: Line;
  old?: number;
  new?: number;
}

function numbered({ oldStart, newStart, lines }: Hunk): Numbered[] {
  let [before, after] = [oldStart, newStart];
  return (lines ?? []).map((line) => {
    const at: Numbered = { line };
    if (line.type !== "added") at.old = before++;
    if (line.type !== "deleted") at.new = after++;
    return at;
  });
}

function Unified({ hunk }: { hunk: Hunk }) {
  return (
    <>
      {numbered(hunk).map((at) => (
        <tr key={`${at.old} ${at.new}`} class={at.line.type}>
          <td class="number" data-line={at.old} />
          <td class="number" data-line={at.new} />
          <td>{at.line.text}</td>
        </tr>
      ))}
    </>
  );
}

function Split({ hunk }: { hunk: Hunk }) {
  return (
    <>
      {pairs(numbered(hunk)).map(([left, right]) => (
        <tr key={`${left?.old} ${right?.new}`}>
          <td class="number" data-line={left?.old} />
          <td class={left?.line.type}>{left?.line.text}</td>
          <td class="number" data-line={right?.new} />
          <td class={right?.line.type}>{right?.line.text}</td>
        </tr>
      ))}
    </>
  );
}

// A run of deleted lines stands beside the added ones that follow it.
function pairs(lines: Numbered[]): [Numbered | undefined, Numbered | undefined][] {
  const out: [Numbered | undefined, Numbered | undefined][] = [];
  let [deleted, added]: [Numbered[], Numbered[]] = [[], []];
  const flush = () => {
    for (let at = 0; at < Math.max(deleted.length, added.length); at += 1) out.push([deleted[at], added[at]]);
    [deleted, added] = [[], []];
  };
  for (const at of lines) {
    if (at.line.type === "deleted") {
      if (added.length > 0) flush();
      deleted.push(at);
    } else if (at.line.type === "added") added.push(at);
    else {
      flush();
      out.push([at, at]);
    }
  }
  flush();
  return out;
}

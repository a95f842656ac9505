import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";

import { bytes } from "../api";
import { Crumbs } from "../parts/crumbs";
import type { Diff } from "../parts/diff";
import { Alert, Text } from "../parts/form";
import { sizeOf } from "../parts/size";
import { type Place, hrefOf } from "../place";
import { UNENDED, commitUploads } from "./api";
import { type Base, Based } from "./base";
import { CommitForm } from "./commit_form";
import { existing } from "./free";
import { type Change, proposed } from "./proposal";

// What a browser keeps of them lies on its disk meanwhile, four bytes for three.
const BYTES_MAX = 2 ** 30;
const COMPARED_BYTES_MAX = 1 << 20;

/** Puts files of the reader's machine into a directory. */
export function Upload({ place }: { place: Place }) {
  return (
    <>
      <div class="bar">
        <Crumbs place={place} />
      </div>
      <Based place={place}>{(base) => <Uploading place={place} beginning={base} />}</Based>
    </>
  );
}

function Uploading({ place, beginning }: { place: Place; beginning: Base }) {
  const { route } = useLocation();
  const [base, setBase] = useState(beginning);
  const [folder, setFolder] = useState(place.path);
  const [files, setFiles] = useState<File[]>([]);
  const add = (more: Iterable<File>) => {
    const names = new Set([...more].map(({ name }) => name));
    setFiles([...files.filter(({ name }) => !names.has(name)), ...more]);
  };
  const at = (name: string) => [...folder.split("/").filter(Boolean), name].join("/");
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const isTooLarge = total > BYTES_MAX;
  const what = files.length === 1 ? at(files[0]?.name ?? "") : `${files.length} files`;
  return (
    <>
      <Picker add={add} />
      <Text label="Into the directory" hint="Empty: the root. One that is not there is made." value={folder} change={setFolder} />
      {files.length > 0 && (
        <ul class="card refs" aria-label="Chosen files">
          {files.map((file) => (
            <li key={file.name}>
              <code>{at(file.name)}</code>
              <span class="quiet right">{sizeOf(file.size)}</span>
              <button type="button" aria-label={`Leave out ${file.name}`} onClick={() => setFiles(files.filter((other) => other !== file))}>
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      {isTooLarge && (
        <Alert>
          These files have {sizeOf(total)}, and one commit from a browser takes {sizeOf(BYTES_MAX)}. Leave some out, or push them with git.
        </Alert>
      )}
      <CommitForm
        place={place}
        base={base}
        rebase={setBase}
        subject={files.length ? `Upload ${what}` : ""}
        stamp={JSON.stringify([folder, base.head, files.map(({ name, size, lastModified }) => [name, size, lastModified])])}
        isUnchanged={files.length === 0 || isTooLarge}
        send={(commit) => commitUploads(place, { ...commit, lfs: true }, files.map((file) => ({ path: at(file.name), file })))}
        preview={() => compared(place, base.head, new Map(files.map((file) => [at(file.name), file])))}
        done={({ ref }) => route(hrefOf({ ...place, view: "tree", ref, path: folder.split("/").filter(Boolean).join("/") }))}
      />
    </>
  );
}

function Picker({ add }: { add: (files: Iterable<File>) => void }) {
  const [isOver, setOver] = useState(false);
  return (
    <label
      class={isOver ? "drop over" : "drop"}
      onDragOver={(event) => (event.preventDefault(), setOver(true))}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        add(event.dataTransfer?.files ?? []);
      }}
    >
      <span>Drop files here, or choose them ({sizeOf(BYTES_MAX)} at most)</span>
      <input
        type="file"
        multiple
        onChange={(event) => {
          add([...(event.currentTarget.files ?? [])]);
          // The same file can be chosen once more.
          event.currentTarget.value = "";
        }}
      />
    </label>
  );
}

async function compared(place: Place, head: string | null, files: Map<string, File>): Promise<Diff> {
  const there = await existing(place, head, [...files.keys()]);
  const changes = [...files].map(([path, file]) => change(place, there.has(path) ? head : null, path, file));
  return proposed(await Promise.all(changes));
}

// Beside the file that stands there, if one does.
async function change(place: Place, head: string | null, path: string, file: File): Promise<Change> {
  const before = head === null ? undefined : await bytes({ ...place, ref: head }, path, UNENDED);
  const isCompared = file.size <= COMPARED_BYTES_MAX && (before?.length ?? 0) <= COMPARED_BYTES_MAX;
  const binary = new Uint8Array(1);
  const after = isCompared ? new Uint8Array(await file.arrayBuffer()) : binary;
  return { path, after, ...(before && { before: isCompared ? before : binary }) };
}

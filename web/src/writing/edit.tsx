import { useLocation } from "preact-iso";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";

import { useData } from "../data";
import { Crumbs } from "../parts/crumbs";
import { Text as TextField } from "../parts/form";
import { Loaded } from "../parts/waiting";
import { type Place, hrefOf } from "../place";
import { UNENDED, commitFiles } from "./api";
import { type Base, Based } from "./base";
import { checkFree } from "./free";
import { CommitForm } from "./commit_form";
import { draftOf, forgetDraft, keepDraft } from "./draft";
import { proposed } from "./proposal";
import { type Text, editable, joined, textFrom } from "./text";
import { Typing } from "./typing";

/** Edits a file, or makes one: for a new file `place.path` is the directory. */
export function Edit({ place }: { place: Place }) {
  return (
    <>
      <div class="bar">
        <Crumbs place={place} />
      </div>
      <Based place={place}>{(base) => <Opened place={place} base={base} />}</Based>
    </>
  );
}

interface Beginning {
  base: Base;
  /** The file as it is; undefined if it is made here. */
  original: string | undefined;
  path: string;
  text: string;
  isDraft: boolean;
}

function Opened({ place, base }: { place: Place; base: Base }) {
  const [attempt, setAttempt] = useState(0);
  const found = useData(`edit ${base.head} ${attempt}`, (init) => begin(place, base, init));
  const discard = () => (forgetDraft(place), setAttempt(attempt + 1));
  return <Loaded data={found}>{(found) => <Editing place={place} beginning={found} discard={discard} />}</Loaded>;
}

// A draft goes on where it began, so that the branch's guard finds others' changes meanwhile.
async function begin(place: Place, base: Base, init: { signal: AbortSignal }): Promise<Beginning> {
  const read = (head: string | null) => (place.view === "new" || !head ? undefined : editable(place, head, place.path, init));
  const draft = draftOf(place);
  const isTheSame = !draft || draft.head === base.head;
  const original = await (isTheSame ? read(base.head) : read(draft.head)?.catch(() => read(base.head)));
  if (place.view === "edit" && original === undefined) throw new Error("There is no such file on this branch.");
  const path = place.view === "edit" ? place.path : place.path && `${place.path}/`;
  const text = original === undefined ? "" : textFrom(original).text;
  if (!draft) return { base, original, path, text, isDraft: false };
  return { base: { ...base, head: draft.head }, original, path: draft.path, text: draft.text, isDraft: true };
}

function Editing({ place, beginning, discard }: { place: Place; beginning: Beginning; discard: () => void }) {
  const { route } = useLocation();
  const [base, setBase] = useState(beginning.base);
  const [original, setOriginal] = useState(beginning.original);
  const [path, setPath] = useState(beginning.path);
  const [text, setText] = useState(beginning.text);
  const [note, setNote] = useState<Note | undefined>(beginning.isDraft ? { kind: "draft" } : undefined);
  const old = original === undefined ? undefined : textFrom(original);
  const isMoved = place.view === "edit" && path !== place.path;
  const isChanged = text !== (old?.text ?? "") || isMoved;
  useUnsaved(place, isChanged || path !== beginning.path, { head: base.head, path, text });
  const content = contentOf(text, old);
  const rebase = async (next: Base) => {
    const theirs = next.head && place.view === "edit" ? await editable(place, next.head, place.path, UNENDED) : undefined;
    setBase(next);
    if (theirs === original) return setNote({ kind: "elsewhere" });
    setOriginal(theirs);
    if (theirs === undefined || !old) return setNote({ kind: "gone" });
    const both = joined(old.text, text, textFrom(theirs).text);
    if (both !== undefined) setText(both);
    setNote(both === undefined ? { kind: "both" } : { kind: "joined" });
  };
  const leave = (to: Place) => (forgetDraft(place), route(hrefOf(to)));
  const isNew = place.view === "new";
  const verb = isNew ? "Add" : isMoved ? `Move ${place.path} to` : "Change";
  return (
    <>
      {note && (
        <Told
          note={note}
          loadTheirs={() => {
            setNote({ kind: "kept", text });
            setText(old?.text ?? "");
          }}
          discard={discard}
        />
      )}
      {old?.isMixed && <p class="card padded">This file has line endings of several kinds. A commit leaves one of them.</p>}
      <TextField label="Path" value={path} change={setPath} pointer="/files/0/path" isRequired isFirst={isNew} />
      <Typing label={isNew ? "Content of the new file" : `Content of ${place.path}`} value={text} change={setText} save={toMessage} />
      <CommitForm
        place={place}
        base={base}
        rebase={rebase}
        subject={isNew && !path ? "" : `${verb} ${path}`}
        stamp={JSON.stringify([path, text, base.head])}
        isUnchanged={isNew ? path === "" || path.endsWith("/") : !isChanged}
        send={async (commit) => {
          if (isNew || isMoved) await checkFree(place, base.head, path);
          const file = { path, content, ...(isMoved && original !== undefined && { move_from: place.path }) };
          return commitFiles(place, { ...commit, files: [file] });
        }}
        preview={() =>
          proposed([{ path, ...(isMoved && { oldPath: place.path }), ...(original !== undefined && { before: original }), after: content }])
        }
        done={({ ref }) => leave({ ...place, view: "file", ref, path })}
      />
    </>
  );
}

function contentOf(text: string, old: Text | undefined): string {
  return old?.ending === "\r\n" ? text.replaceAll("\n", "\r\n") : text;
}

function toMessage() {
  document.querySelector<HTMLElement>(".form textarea")?.focus();
}

// Keeps a draft of uncommitted changes, and asks before the tab is closed.
function useUnsaved(place: Place, isUnsaved: boolean, draft: Parameters<typeof keepDraft>[1]) {
  useEffect(() => {
    if (isUnsaved) keepDraft(place, draft);
    else forgetDraft(place);
  }, [isUnsaved, draft.head, draft.path, draft.text]);
  // At once, not after the next picture: a reader who leaves in the same moment is not asked without need.
  useLayoutEffect(() => {
    if (!isUnsaved) return undefined;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [isUnsaved]);
}

type Note = { kind: "draft" | "elsewhere" | "gone" | "both" | "joined" } | { kind: "kept"; text: string };

function Told({ note, loadTheirs, discard }: { note: Note; loadTheirs: () => void; discard: () => void }) {
  return (
    <div class="card padded" role="status">
      {note.kind === "draft" && (
        <p class="buttons">
          What you typed here before and did not commit is back.
          <button type="button" onClick={discard}>
            Discard it
          </button>
        </p>
      )}
      {note.kind === "elsewhere" && "What others committed did not change this file. You can commit now."}
      {note.kind === "gone" && "Others deleted this file meanwhile. If you commit, it is made again."}
      {note.kind === "joined" && "Others changed this file in other lines. Your changes are now made on their text: look at the preview, then commit."}
      {note.kind === "both" && (
        <p class="buttons">
          Others changed the same lines. Below is your text, and a commit would replace theirs: the preview shows how.
          <button type="button" onClick={loadTheirs}>
            Load their text, and show mine beside it
          </button>
        </p>
      )}
      {note.kind === "kept" && (
        <details open>
          <summary>What you typed</summary>
          <pre class="plain" tabIndex={0}>
            {note.text}
          </pre>
        </details>
      )}
    </div>
  );
}

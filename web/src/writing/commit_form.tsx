import { useState } from "preact/hooks";

import { type Diff, Differences } from "../parts/diff";
import { Alert, Form, Text, useAct } from "../parts/form";
import { type Place, hrefOf } from "../place";
import { type Committed, type NewCommit, movedTo } from "./api";
import type { Base } from "./base";

interface Properties {
  place: Place;
  base: Base;
  /** Begins from where the branch is now, and keeps the typed text. */
  rebase: (base: Base) => Promise<unknown> | void;
  /** The message unless somebody writes another one. */
  subject: string;
  /** Makes the commit of what was typed. */
  send: (commit: Omit<NewCommit, "files">) => Promise<Committed>;
  preview: () => Diff | Promise<Diff>;
  /** Changes whenever a preview that is shown would be old. */
  stamp: string;
  isUnchanged?: boolean;
  done: (target: { ref: string; commit: string }) => void;
}

/** The lower part of every view that changes files: message, branch, preview, commit. */
export function CommitForm(properties: Properties) {
  const { place, base, rebase, subject, send, stamp, isUnchanged, done } = properties;
  const [typed, setTyped] = useState<string>();
  const [isNew, setNew] = useState(base.branch === undefined);
  const [name, setName] = useState("");
  const message = typed ?? subject;
  const commit = async () => {
    const target = isNew || base.branch === undefined
      ? { branch: name, expected_head: null, ...(base.head && { base: base.head }) }
      : { branch: base.branch, expected_head: base.head };
    const made = await send({ ...target, message });
    done({ ref: made.branch === base.branch ? place.ref : `refs/heads/${made.branch}`, commit: made.commit });
  };
  const explain = (error: Error, forget: () => void) => {
    const actual = movedTo(error);
    if (actual === undefined) return undefined;
    if (isNew) return <Alert>There is a branch {name} already. Choose another name.</Alert>;
    return <Moved place={place} base={base} actual={actual} takeUp={async (base) => (await rebase(base), forget())} />;
  };
  return (
    <>
      <Preview place={place} base={base} preview={properties.preview} stamp={stamp} isUnchanged={isUnchanged} />
      <section class="card padded" aria-label="Commit">
        <Form act={commit} submit="Commit" isDisabled={isUnchanged || message.trim() === ""} explain={explain}>
          <Text label="Commit message" value={message} change={setTyped} rows={3} pointer="/message" isRequired />
          <fieldset class="target">
            <legend>Commit to</legend>
            {base.branch !== undefined && (
              <label>
                <input type="radio" name="target" checked={!isNew} onChange={() => setNew(false)} /> {base.branch}
              </label>
            )}
            {base.head && (
              <label>
                <input type="radio" name="target" checked={isNew} onChange={() => setNew(true)} /> a new branch
              </label>
            )}
          </fieldset>
          {isNew && <Text label="Name of the new branch" value={name} change={setName} pointer="/branch" isRequired />}
        </Form>
      </section>
    </>
  );
}

interface MovedProperties {
  place: Place;
  base: Base;
  actual: string | null;
  takeUp: (base: Base) => Promise<void>;
}

// Somebody else was faster. Nothing was committed, and nothing that was typed is lost.
function Moved({ place, base, actual, takeUp }: MovedProperties) {
  const { isUnderway, error, run } = useAct();
  if (actual === null) {
    return (
      <Alert>
        <strong>{base.branch}</strong> does not exist any more. Nothing was committed; commit to a new branch instead.
      </Alert>
    );
  }
  return (
    <Alert>
      <p>
        <strong>{base.branch}</strong> has moved since you began:{" "}
        <a href={hrefOf({ ...place, view: "compare", ref: `${base.head ?? ""}...${actual}`, path: "" })} target="_blank">
          what others committed
        </a>
        . Nothing of yours was committed, and all that you typed is still here.
      </p>
      <button type="button" disabled={isUnderway} onClick={() => run(() => takeUp({ ...base, head: actual }))}>
        Continue on the new {base.branch}
      </button>
      {error && <p>{error.message}</p>}
    </Alert>
  );
}

function Preview({ place, base, preview, stamp, isUnchanged }: Pick<Properties, "place" | "base" | "preview" | "stamp" | "isUnchanged">) {
  const [shown, show] = useState<{ stamp: string; diff: Diff }>();
  const { isUnderway, error, run } = useAct();
  const isShown = shown?.stamp === stamp;
  return (
    <section aria-label="Preview">
      <p class="buttons">
        <button
          type="button"
          aria-expanded={isShown}
          disabled={isUnderway || isUnchanged}
          onClick={() => run(async () => show(isShown ? undefined : { stamp, diff: await preview() }))}
        >
          {isShown ? "Hide the preview" : "Preview the changes"}
        </button>
        {isUnchanged && <span class="quiet">Nothing is changed yet.</span>}
      </p>
      {error && <Alert>{error.message}</Alert>}
      {isShown && <Differences place={{ ...place, ref: base.head ?? "" }} base={base.head ?? ""} diff={shown.diff} />}
    </section>
  );
}

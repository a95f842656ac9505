import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";

import { Cancel, Dialog } from "../parts/dialog";
import { Alert, Choice, Form, Text } from "../parts/form";
import { type Place, hrefOf } from "../place";
import { UNENDED, cherryPick, conflictsOf, isWithoutChange, movedTo, revert } from "./api";
import { baseOf } from "./base";
import { Conflicts } from "./conflicts";

const ACTS = {
  revert: { label: "Take back", title: "Take this commit back", act: revert },
  pick: { label: "Repeat on a branch", title: "Repeat this commit on a branch", act: cherryPick },
};

/** Takes a commit back, or repeats it on a branch. */
export function Pick({ place, hash, parents }: { place: Place; hash: string; parents: string[] }) {
  const [open, setOpen] = useState<keyof typeof ACTS>();
  return (
    <p class="buttons">
      <button type="button" onClick={() => setOpen("revert")}>
        {ACTS.revert.label}
      </button>
      <button type="button" onClick={() => setOpen("pick")}>
        {ACTS.pick.label}
      </button>
      {open && <Picking place={place} hash={hash} parents={parents} kind={open} close={() => setOpen(undefined)} />}
    </p>
  );
}

interface Properties {
  place: Place;
  hash: string;
  parents: string[];
  kind: keyof typeof ACTS;
  close: () => void;
}

function Picking({ place, hash, parents, kind, close }: Properties) {
  const { route } = useLocation();
  const [onto, setOnto] = useState("");
  const [mainline, setMainline] = useState("1");
  const { title, act } = ACTS[kind];
  const send = async () => {
    const branch = await baseOf({ ...place, ref: onto && `refs/heads/${onto}`, path: "" }, UNENDED);
    if (branch.branch === undefined || !branch.head) throw new Error(`There is no branch ${onto}.`);
    const made = await act(place, {
      commits: [hash],
      onto: branch.branch,
      expected_head: branch.head,
      ...(parents.length > 1 && { mainline: Number(mainline) }),
    });
    close();
    route(hrefOf({ ...place, view: "commit", ref: made.newHead ?? hash, path: "" }));
  };
  return (
    <Dialog title={title} close={close}>
      <Form act={send} submit={ACTS[kind].label} beside={<Cancel close={close} />} explain={(error) => <Refused error={error} onto={onto} />}>
        <Text label="On the branch" hint="Empty: the default branch" value={onto} change={setOnto} pointer="/onto" isFirst />
        {parents.length > 1 && (
          <Choice
            label="Against its parent"
            value={mainline}
            change={setMainline}
            options={parents.map((parent, at) => [String(at + 1), `${at + 1}: ${parent.slice(0, 10)}`])}
          />
        )}
      </Form>
    </Dialog>
  );
}

function Refused({ error, onto }: { error: Error; onto: string }) {
  const found = conflictsOf(error);
  if (found) return <Conflicts {...found} />;
  if (isWithoutChange(error)) return <Alert>That would change nothing.</Alert>;
  if (movedTo(error) !== undefined) return <Alert>{onto || "The branch"} moved at this moment. Nothing was changed: try again.</Alert>;
  return <Alert>{error.message}</Alert>;
}

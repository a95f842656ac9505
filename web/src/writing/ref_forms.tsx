import { useState } from "preact/hooks";

import { ByName, Cancel, Dialog } from "../parts/dialog";
import { Alert, Form, Text } from "../parts/form";
import { type Place, shortName } from "../place";
import { movedTo, updateRef } from "./api";

interface Making {
  place: Place;
  prefix: "refs/heads/" | "refs/tags/";
  changed: () => void;
}

/** A button that makes a branch or a tag. */
export function MakeRef({ place, prefix, changed }: Making) {
  const [isOpen, setOpen] = useState(false);
  const what = prefix === "refs/heads/" ? "branch" : "tag";
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        New {what}
      </button>
      {isOpen && <NewRef place={place} prefix={prefix} what={what} changed={changed} close={() => setOpen(false)} />}
    </>
  );
}

function NewRef({ place, prefix, what, changed, close }: Making & { what: string; close: () => void }) {
  const [name, setName] = useState("");
  const [from, setFrom] = useState(shortName(place.ref) || "HEAD");
  const [message, setMessage] = useState("");
  const make = async () => {
    const tag = prefix === "refs/tags/" && message.trim() && { tag: { message } };
    await updateRef(place, { name: prefix + name, new: from, old: null, ...tag });
    close();
    changed();
  };
  const explain = (error: Error) => {
    const actual = movedTo(error);
    return actual === undefined ? undefined : <Alert>There is a {what} {name} already.</Alert>;
  };
  return (
    <Dialog title={`New ${what}`} close={close}>
      <Form act={make} submit={`Make the ${what}`} isDisabled={name === ""} explain={explain} beside={<Cancel close={close} />}>
        <Text label="Name" value={name} change={setName} pointer="/updates/0/name" isRequired isFirst />
        <Text label="From" hint="A branch, a tag or a commit" value={from} change={setFrom} pointer="/updates/0/new" isRequired />
        {what === "tag" && (
          <Text label="Message" hint="With a message it is an annotated tag" value={message} change={setMessage} rows={3} pointer="/updates/0/tag/message" />
        )}
      </Form>
    </Dialog>
  );
}

/** A button that deletes a branch or a tag, after its name was typed. */
export function DeleteRef({ place, name, target, changed }: { place: Place; name: string; target: string; changed: () => void }) {
  const [isOpen, setOpen] = useState(false);
  const short = shortName(name);
  const remove = async () => {
    try {
      await updateRef(place, { name, new: null, old: target });
    } catch (error) {
      if (error instanceof Error && movedTo(error) !== undefined) {
        throw new Error(`${short} has moved since this page was loaded. It was not deleted: load the page again.`);
      }
      throw error;
    }
    setOpen(false);
    changed();
  };
  const what = name.startsWith("refs/tags/") ? "tag" : "branch";
  return (
    <>
      <button type="button" class="danger" aria-label={`Delete ${short}`} onClick={() => setOpen(true)}>
        Delete
      </button>
      {isOpen && (
        <ByName title={`Delete the ${what} ${short}`} name={short} submit={`Delete the ${what}`} act={remove} close={() => setOpen(false)}>
          <p>
            It is at <code>{target.slice(0, 10)}</code>. Commits that nothing else has stay for a while: the reflog brings them back.
          </p>
        </ByName>
      )}
    </>
  );
}

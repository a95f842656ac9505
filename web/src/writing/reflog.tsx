import { useState } from "preact/hooks";

import { usePages } from "../data";
import { ByName, Cancel, Dialog } from "../parts/dialog";
import { Alert, Choice, Form, Text } from "../parts/form";
import { Failure } from "../parts/failure";
import { Time } from "../parts/time";
import { Loaded, More } from "../parts/waiting";
import { type Place, hrefOf, shortName } from "../place";
import { type ReflogEntry, UNENDED, movedTo, reflog, restore, updateRef } from "./api";
import { targetOf } from "./base";

/** Where a ref has been, or all refs, and the way back to each of it. */
export function Reflog({ place }: { place: Place }) {
  const { ref } = place;
  const name = ref === "" || ref.startsWith("refs/") ? ref : `refs/heads/${ref}`;
  const [version, setVersion] = useState(0);
  const [chosen, choose] = useState<ReflogEntry>();
  const entries = usePages(`reflog ${name} ${version}`, (cursor, init) => reflog(place, name, cursor, init));
  const changed = () => (choose(undefined), setVersion(version + 1));
  return (
    <>
      <h2>Where {name ? <code>{shortName(name)}</code> : "branches and tags"} have been</h2>
      <Loaded data={entries}>
        {(list) =>
          list.length === 0 ? (
            <p class="message">Nothing is on record.</p>
          ) : (
            <ol class="card refs">
              {list.map((entry) => (
                <Entry key={entry.id} place={place} entry={entry} choose={() => choose(entry)} />
              ))}
            </ol>
          )
        }
      </Loaded>
      {entries.value && entries.error && <Failure error={entries.error} />}
      <More more={entries.more} isLoading={entries.isLoading && entries.value !== undefined} />
      {chosen && <Way place={place} entry={chosen} close={() => choose(undefined)} changed={changed} />}
    </>
  );
}

function Entry({ place, entry, choose }: { place: Place; entry: ReflogEntry; choose: () => void }) {
  const { ref, old, new: fresh, at, actor } = entry;
  const link = (hash: string) => (
    <a href={hrefOf({ ...place, view: "commit", ref: hash, path: "" })}>
      <code>{hash.slice(0, 10)}</code>
    </a>
  );
  return (
    <li>
      <span>
        <strong>{shortName(ref)}</strong>{" "}
        {old && fresh ? (
          <>
            went from {link(old)} to {link(fresh)}
          </>
        ) : fresh ? (
          <>began at {link(fresh)}</>
        ) : (
          <>was deleted at {old && link(old)}</>
        )}
        <br />
        <span class="quiet">
          {actor.label ?? actor.tokenId ?? "the operator"}, <Time at={at} />
        </span>
      </span>
      <button type="button" class="right" onClick={choose} aria-label={`Restore ${shortName(ref)} from entry ${entry.id}`}>
        Restore
      </button>
    </li>
  );
}

interface Properties {
  place: Place;
  entry: ReflogEntry;
  close: () => void;
  changed: () => void;
}

// A branch can come back by a commit; a deleted ref, and a tag, only by being put there.
function Way({ place, entry, close, changed }: Properties) {
  const isBranch = entry.ref.startsWith("refs/heads/");
  const to = entry.new ?? entry.old ?? "";
  const [how, setHow] = useState("commit");
  if (!isBranch || !entry.new) return <PutBack place={place} entry={entry} close={close} changed={changed} />;
  if (how === "move") return <MoveBack place={place} entry={entry} close={close} changed={changed} />;
  const name = shortName(entry.ref);
  return (
    <Dialog title={`Restore ${name}`} close={close}>
      <Form
        act={async () => {
          const head = await targetOf(place, entry.ref, UNENDED);
          await restore(place, { branch: name, to: { reflog: entry.id }, how: "commit", ...(head && { expected_head: head }) });
          changed();
        }}
        submit="Make the commit"
        beside={<Cancel close={close} />}
        explain={(error) => <Refused error={error} name={name} />}
      >
        <p>
          It gets the files of <code>{to.slice(0, 10)}</code>.
        </p>
        <How how={how} setHow={setHow} />
      </Form>
    </Dialog>
  );
}

function How({ how, setHow }: { how: string; setHow: (how: string) => void }) {
  const options: [string, string][] = [
    ["commit", "by a new commit, which keeps what came after"],
    ["move", "by moving the branch there, which drops what came after"],
  ];
  return <Choice label="How" value={how} change={setHow} options={options} />;
}

function MoveBack({ place, entry, close, changed }: Properties) {
  const name = shortName(entry.ref);
  return (
    <ByName
      title={`Move ${name} back`}
      name={name}
      submit="Move the branch"
      act={async () => {
        const head = await targetOf(place, entry.ref, UNENDED);
        await restore(place, { branch: name, to: { reflog: entry.id }, how: "move", expected_head: head });
        changed();
      }}
      close={close}
    >
      <p>
        It will be at <code>{entry.new?.slice(0, 10)}</code>, and what came after is in the reflog only.
      </p>
    </ByName>
  );
}

function PutBack({ place, entry, close, changed }: Properties) {
  const [typed, setTyped] = useState(shortName(entry.ref));
  const to = entry.new ?? entry.old ?? "";
  const name = entry.ref.slice(0, entry.ref.length - shortName(entry.ref).length) + typed;
  return (
    <Dialog title={`Bring ${shortName(entry.ref)} back`} close={close}>
      <Form
        act={async () => {
          await updateRef(place, { name, new: to, old: null });
          changed();
        }}
        submit="Bring it back"
        beside={<Cancel close={close} />}
        explain={(error) => <Refused error={error} name={typed} />}
      >
        <p>
          It will be at <code>{to.slice(0, 10)}</code>.
        </p>
        <Text label="Under the name" value={typed} change={setTyped} pointer="/updates/0/name" isRequired isFirst />
      </Form>
    </Dialog>
  );
}

function Refused({ error, name }: { error: Error; name: string }) {
  const actual = movedTo(error);
  if (actual === undefined) return <Alert>{error.message}</Alert>;
  return <Alert>{actual === null ? `${name} does not exist any more.` : `${name} is there, at ${actual.slice(0, 10)}. Nothing was changed.`}</Alert>;
}

import { useState } from "preact/hooks";

import { useData } from "../data";
import { Alert, Choice, Form, Text } from "../parts/form";
import { Loaded, Waiting } from "../parts/waiting";
import { type Place, hrefOf, shortName } from "../place";
import { type Merged, type Strategy, conflictsOf, merge, movedTo } from "./api";
import { type Base, baseOf } from "./base";
import { Conflicts } from "./conflicts";

const STRATEGIES: [Strategy, string][] = [
  ["merge", "a merge commit"],
  ["ff_prefer", "forward if possible, else a merge commit"],
  ["ff_only", "forward only"],
  ["squash", "one commit with all changes"],
  ["rebase", "each commit repeated on top"],
];

interface Properties {
  place: Place;
  /** The two branches of the merge. */
  from: string;
  into: string;
  /** Called when the branch has moved, by us or by others. */
  changed: () => void;
}

/** Merges the newer side of a comparison into the older one, after showing the result. */
export function Merge(properties: Properties) {
  const [isWanted, setWanted] = useState(false);
  // Most come to compare: the server tries it only for readers who want to merge.
  if (isWanted) return <Wanted {...properties} />;
  return (
    <p class="buttons">
      <button type="button" onClick={() => setWanted(true)}>
        Merge…
      </button>
    </p>
  );
}

function Wanted(properties: Properties) {
  const { place, into } = properties;
  const base = useData(`into ${into}`, (init) => baseOf({ ...place, ref: into, path: "" }, init));
  return (
    <Loaded data={base}>
      {(base) =>
        base.branch === undefined ? (
          <p class="quiet">Only into a branch something can be merged.</p>
        ) : (
          <Merging {...properties} branch={base.branch} base={base} />
        )
      }
    </Loaded>
  );
}

function Merging({ place, from, branch, changed }: Properties & { base: Base; branch: string }) {
  const [strategy, setStrategy] = useState<Strategy>("merge");
  const [message, setMessage] = useState("");
  const [attempt, setAttempt] = useState(0);
  const [made, setMade] = useState<Merged>();
  const takesMessage = strategy === "merge" || strategy === "squash" || strategy === "ff_prefer";
  const asked = { into: branch, from, strategy };
  const dry = useData(`merge ${branch} ${from} ${strategy} ${attempt}`, () => merge(place, { ...asked, dry_run: true }));
  const again = () => setAttempt(attempt + 1);
  if (made) return <Done place={place} made={made} changed={changed} />;
  return (
    <section class="card padded" aria-label="Merge">
      <h2>
        Merge <code>{shortName(from)}</code> into <code>{branch}</code>
      </h2>
      <Choice label="How" value={strategy} change={(value) => setStrategy(value as Strategy)} options={STRATEGIES} pointer="/strategy" />
      <Outcome dry={dry} branch={branch} />
      {dry.value && dry.value.status !== "conflicts" && dry.value.status !== "up_to_date" && (
        <Form
          act={async () =>
            setMade(
              await merge(place, {
                ...asked,
                ...(dry.value?.oldHead && { expected_head: dry.value.oldHead }),
                ...(takesMessage && message.trim() && { message }),
              }),
            )
          }
          submit={`Merge into ${branch}`}
          explain={(error, forget) => <Refused error={error} branch={branch} again={() => (forget(), again())} />}
        >
          {takesMessage && (
            <Text label="Message of the commit" hint="Empty: as git would say it" value={message} change={setMessage} rows={2} pointer="/message" />
          )}
        </Form>
      )}
    </section>
  );
}

// The outcome of a merge, or why it cannot be done in this way.
function Outcome({ dry, branch }: { dry: ReturnType<typeof useData<Merged>>; branch: string }) {
  if (dry.error) return <Alert>{dry.error.message}</Alert>;
  if (!dry.value) return <Waiting />;
  const { status, filesChanged, commits, conflicts, conflictsTotal } = dry.value;
  if (status === "conflicts") return <Conflicts conflicts={conflicts ?? []} total={conflictsTotal ?? 0} />;
  const files = filesChanged === undefined ? "" : `, ${filesChanged} ${filesChanged === 1 ? "file changes" : "files change"}`;
  const will: Partial<Record<Merged["status"], string>> = {
    up_to_date: `${branch} has all of it already.`,
    fast_forward: `No conflicts: ${branch} goes forward${files}.`,
    merged: `No conflicts: a merge commit${files}.`,
    squashed: `No conflicts: one commit${files}.`,
    rebased: `No conflicts: ${commits?.length ? `${commits.length} commits` : "the commits"} on top of ${branch}${files}.`,
  };
  return <p role="status">{will[status] ?? status}</p>;
}

function Refused({ error, branch, again }: { error: Error; branch: string; again: () => void }) {
  const found = conflictsOf(error);
  return (
    <Alert>
      <p>
        {found && "There are conflicts now. "}
        {movedTo(error) === undefined ? error.message : `${branch} has moved meanwhile. Nothing was merged.`}
      </p>
      <button type="button" onClick={again}>
        Look again
      </button>
    </Alert>
  );
}

function Done({ place, made, changed }: { place: Place; made: Merged; changed: () => void }) {
  return (
    <section class="card padded" role="status">
      <p class="buttons">
        <span>
          <strong>{made.branch}</strong> is at{" "}
          <a href={hrefOf({ ...place, view: "commit", ref: made.newHead ?? "", path: "" })}>
            <code>{made.newHead?.slice(0, 10)}</code>
          </a>{" "}
          now ({made.status.replace("_", " ")}).
        </span>
        <button type="button" onClick={changed}>
          Compare again
        </button>
      </p>
    </section>
  );
}

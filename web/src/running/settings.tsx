import { useState } from "preact/hooks";

import { client } from "../api";
import { Failure } from "../parts/failure";
import { Loaded } from "../parts/waiting";
import type { components } from "../schema";
import { Destroy, Once } from "./acts";
import { REPOSITORY, type Repository, result } from "./api";
import { BodyForm, type Field } from "./body";
import { useRepository } from "./progress";
import type { ViewProperties } from "./where";

type Change = components["schemas"]["RepositoryChange"];
type Hook = NonNullable<components["schemas"]["PreReceiveChange"]>;

const GROUPS: { title: string; fields: Field<Change>[] }[] = [
  {
    title: "About",
    fields: [
      { name: "description", label: "Description", kind: "optional" },
      { name: "default_branch", label: "Default branch", isRequired: true },
      { name: "public", label: "Everybody may read it", kind: "check" },
      { name: "read_only", label: "Takes no pushes", kind: "check" },
    ],
  },
  {
    title: "Pushes",
    fields: [
      { name: "deny_non_fast_forwards", label: "Refuse to move a ref by force", kind: "check" },
      { name: "deny_deletes", label: "Refuse to delete a ref", kind: "check" },
      { name: "push_protection", label: "Search pushes for secrets, and refuse them", kind: "check" },
      { name: "fsck", label: "Refuse what git's fsck --strict refuses", kind: "strict" },
      { name: "fetch_events", label: "Clones and fetches are events", kind: "check" },
    ],
  },
  {
    title: "Life and size",
    fields: [
      { name: "expires_at", label: "Deletes itself at", kind: "time", hint: "It cannot be restored then. Empty: never." },
      { name: "idle_ttl_seconds", label: "Deletes itself when idle for", kind: "secondsOrNone", hint: "For example 30 days. Empty: never." },
      { name: "bytes_max", label: "Size at most", kind: "bytesOrNone", hint: "Packs and large files together, for example 10 GiB. Empty: no bound of its own." },
    ],
  },
  {
    title: "How long things are kept",
    fields: [
      { name: "prune_grace_seconds", label: "What no ref reaches", kind: "seconds" },
      { name: "reflog_retention_seconds", label: "Where refs have been", kind: "seconds" },
      { name: "superseded_grace_seconds", label: "Packs that were replaced", kind: "seconds" },
    ],
  },
  {
    title: "Where packs lie",
    fields: [
      { name: "settle_seconds", label: "Copied to R2 after", kind: "seconds" },
      { name: "cold_after_seconds", label: "Only in R2 after", kind: "seconds" },
      { name: "cold_bytes_min", label: "Only in R2 from", kind: "bytes" },
      { name: "ready_bytes_min", label: "A clone is kept ready from", kind: "bytes" },
    ],
  },
];

/** The settings that a repository's PATCH can change: a form for each group. */
export function Settings({ where }: ViewProperties) {
  const { namespace, repo } = where;
  const repository = useRepository(where);
  const change = async (body: Change) => {
    const changed = await result(client.PATCH(REPOSITORY, { params: { path: { namespace, repo } }, body }));
    repository.again();
    return changed;
  };
  return (
    <Loaded data={repository}>
      {(value) => (
        <>
          {repository.error && <Failure error={repository.error} />}
          {GROUPS.map(({ title, fields }) => (
            <BodyForm<Change> key={title} title={title} fields={fields} values={value} submit="Save" send={change} />
          ))}
          <PreReceive repository={value} change={change} />
        </>
      )}
    </Loaded>
  );
}

const HOOK: Field<Hook>[] = [
  { name: "url", label: "URL", isRequired: true, isAlways: true, hint: "https on a public host." },
  { name: "timeout_ms", label: "Milliseconds to answer", kind: "number", isAlways: true },
  {
    name: "on_failure",
    label: "A push that it did not judge",
    kind: "choice",
    isAlways: true,
    options: [
      ["refuse", "is refused"],
      ["accept", "passes"],
    ],
  },
  { name: "refs", label: "Refs that it judges", kind: "linesOrNone", isAlways: true, hint: "One a line, as refs/heads/main or refs/heads/*. Empty: every ref." },
  { name: "secret", label: "Its secret", kind: "password", hint: "Made unless given; it stays where the hook is changed." },
];

const NO_HOOK: Hook = { url: "", timeout_ms: 5_000, on_failure: "refuse", refs: null };

interface PreReceiveProperties {
  repository: Repository;
  change: (body: Change) => Promise<Repository>;
}

function PreReceive({ repository: { name, pre_receive: hook }, change }: PreReceiveProperties) {
  const [secret, setSecret] = useState<string>();
  return (
    <>
      <BodyForm<Hook>
        title="Pre-receive hook"
        fields={HOOK}
        values={hook ?? NO_HOOK}
        under="/pre_receive"
        submit={hook ? "Change the hook" : "Ask this hook"}
        send={async (body) => setSecret((await change({ pre_receive: body })).pre_receive?.secret)}
      >
        <p class="quiet">{hook ? "It is asked before each push is published." : "No receiver is asked before a push is published."}</p>
        {secret && <Once label="The secret that signs its questions." secret={secret} />}
      </BodyForm>
      {hook && (
        <section class="group">
          <h2>Without a hook</h2>
          <Destroy label="Take the hook away" title="Take the hook away" name={name} act={() => change({ pre_receive: null })} done={() => setSecret(undefined)}>
            <p>Nobody is asked before a push any more, and the hook's secret is forgotten.</p>
          </Destroy>
        </section>
      )}
    </>
  );
}

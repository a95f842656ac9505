import { useState } from "preact/hooks";

import { client } from "../api";
import type { components } from "../schema";
import { NAMESPACE, REPOSITORY, result } from "./api";
import { BodyForm, type Field } from "./body";
import { Made } from "./made";
import { Progress } from "./progress";
import type { ViewProperties } from "./where";

type Schemas = components["schemas"];
type Created = Schemas["CreatedRepository"];

/** Regions in which the platform can be asked to keep a repository. */
export const REGIONS: [string, string][] = [
  ["", "near whoever asks first"],
  ["wnam", "North America, west"],
  ["enam", "North America, east"],
  ["sam", "South America"],
  ["weur", "Europe, west"],
  ["eeur", "Europe, east"],
  ["apac", "Asia and the Pacific"],
  ["oc", "Oceania"],
  ["afr", "Africa"],
  ["me", "the Middle East"],
];

/** The fields of a repository that is made, forked or imported. */
type Shared = Pick<Schemas["NewFork"], "description" | "read_only" | "fsck" | "ttl_seconds" | "idle_ttl_seconds" | "location_hint">;

export const SHARED_FIELDS: Field<Shared>[] = [
  { name: "description", label: "Description", kind: "optional" },
  { name: "read_only", label: "Takes no pushes", kind: "check" },
  { name: "fsck", label: "Refuse what git's fsck --strict refuses", kind: "strict" },
  { name: "ttl_seconds", label: "Deletes itself after", kind: "secondsOrNone", hint: "For example 30 days. Empty: never." },
  { name: "idle_ttl_seconds", label: "Deletes itself when idle for", kind: "secondsOrNone", hint: "Without a push or a fetch." },
  { name: "location_hint", label: "Kept", kind: "choice", options: REGIONS, hint: "A wish: the platform may choose a region nearby." },
];

/** Makes an empty repository. */
export function NewRepository({ where: { namespace } }: ViewProperties) {
  const [made, setMade] = useState<Created>();
  if (made) return <Made namespace={namespace} repository={made} />;
  return (
    <BodyForm<Schemas["NewRepository"]>
      title="A new repository"
      isMaking
      submit="Make it"
      fields={[
        { name: "name", label: "Name", isRequired: true },
        { name: "public", label: "Everybody may read it", kind: "check" },
        { name: "default_branch", label: "Default branch", kind: "optional", hint: "main unless given." },
        ...SHARED_FIELDS,
      ]}
      send={async (body) => setMade(await result(client.POST(`${NAMESPACE}/repos`, { params: { path: { namespace } }, body })))}
    />
  );
}

type Import = Schemas["NewImport"] & { name: string };

/** Makes a repository a copy of another server's, and shows how far that is. */
export function NewImport({ where: { namespace } }: ViewProperties) {
  const [made, setMade] = useState<Created>();
  if (made) {
    return (
      <>
        <Progress namespace={namespace} repo={made.name} />
        <Made namespace={namespace} repository={made} />
      </>
    );
  }
  return (
    <BodyForm<Import>
      title="Import a repository"
      isMaking
      submit="Import it"
      fields={[
        { name: "name", label: "Name", isRequired: true },
        { name: "url", label: "From", isRequired: true, hint: "The https URL of its Git remote." },
        { name: "username", label: "User name there", kind: "optional" },
        { name: "password", label: "Password or token there", kind: "password", hint: "Kept in memory until the import is done, never stored." },
        { name: "branch", label: "Only this branch", kind: "optional" },
        { name: "depth", label: "Only so many commits of each branch", kind: "numberOrNone" },
        { name: "refs", label: "Which refs", kind: "linesOrNone", hint: "In place of a branch: a pattern a line, as refs/pull/*. Branches and tags unless given." },
        ...SHARED_FIELDS,
      ]}
      send={async ({ name, ...body }) => {
        const path = { namespace, repo: name };
        setMade(await result(client.POST(`${REPOSITORY}/import`, { params: { path }, body })));
      }}
    />
  );
}

import { useState } from "preact/hooks";

import { client, page } from "../api";
import { Choice, Text } from "../parts/form";
import { Time } from "../parts/time";
import { type AuditEntry, NAMESPACE, given } from "./api";
import { useList } from "./data";
import { Told } from "./facts";
import { KINDS } from "./kinds";
import { type Column, Listed } from "./listed";
import type { ViewProperties } from "./where";

const ACTORS: [string, string][] = [
  ["", "anybody"],
  ["operator", "the operator"],
  ["namespace", "a token of the namespace"],
  ["token", "a token of a repository"],
  ["system", "Cairn itself"],
];

const COLUMNS: Column<AuditEntry>[] = [
  {
    title: "Act",
    cell: ({ action, details }) => (
      <details class="told">
        <summary>{action}</summary>
        <Told value={details} />
      </details>
    ),
  },
  { title: "When", cell: ({ at }) => <Time at={at} /> },
  { title: "By", cell: ({ actor: { kind, label, token_id } }) => [kind, label ?? token_id].filter(Boolean).join(": ") },
  { title: "Repository", cell: ({ repo }) => repo },
  { title: "From", cell: ({ address }) => address },
];

/** The administrative acts in a namespace; for the operator also those on namespaces as a whole. Newest first. */
export function Audit({ where: { namespace } }: ViewProperties) {
  const [asked, setAsked] = useState({ action: "", actor: "", since: "" });
  const ask = (changed: Partial<typeof asked>) => setAsked({ ...asked, ...changed });
  const list = useList(JSON.stringify(asked), async (cursor, init) => {
    const { action, actor, since } = asked;
    const query = given({ action, actor: actor as "operator", since: since && String(KINDS.time.read(since)), cursor });
    if (!namespace) return page(await client.GET("/api/v1/audit", { params: { query }, ...init }));
    return page(await client.GET(`${NAMESPACE}/audit`, { params: { path: { namespace }, query }, ...init }));
  });
  return (
    <>
      <div class="bar filters">
        <Text label="Act, or its beginning and *" value={asked.action} change={(action) => ask({ action })} />
        <Choice label="By" value={asked.actor} change={(actor) => ask({ actor })} options={ACTORS} />
        <Text label="Since" value={asked.since} change={(since) => ask({ since })} type="datetime-local" />
      </div>
      <Listed label="Audit log" list={list} keyOf={({ id }) => id} columns={COLUMNS} none="No such act." />
    </>
  );
}

import { useState } from "preact/hooks";

import { client, page } from "../api";
import { sizeOf } from "../parts/size";
import { Time } from "../parts/time";
import type { components } from "../schema";
import { type Namespace, NAMESPACE, NAMESPACES, given, result } from "./api";
import { BodyForm } from "./body";
import { useList } from "./data";
import { type Column, Listed } from "./listed";
import { type ViewProperties, runHref } from "./where";

type NewNamespace = components["schemas"]["NewNamespace"];

const COLUMNS: Column<Namespace>[] = [
  { title: "Name", cell: ({ namespace }) => <a href={runHref({ namespace })}>{namespace}</a> },
  { title: "Repositories", cell: ({ repo_count }) => repo_count.toLocaleString("en"), isNumber: true },
  { title: "Size", cell: ({ size_bytes, lfs_bytes }) => sizeOf(size_bytes + lfs_bytes), isNumber: true },
  { title: "Kept in", cell: ({ jurisdiction }) => jurisdiction },
  { title: "State", cell: stateOf },
  { title: "Last act", cell: ({ updated_at }) => <Time at={updated_at} /> },
];

/** All namespaces to the operator; to a namespace's token its own. */
export function Namespaces({ who }: ViewProperties) {
  const [search, setSearch] = useState("");
  const isOperator = who.kind === "operator";
  const list = useList(`namespaces ${search}`, async (cursor, init) => {
    if (isOperator) return page(await client.GET(NAMESPACES, { params: { query: given({ search, cursor }) }, ...init }));
    const path = { namespace: who.namespace ?? "" };
    const own = await result(client.GET(NAMESPACE, { params: { path }, ...init }));
    return { result: [own], cursor: "" };
  });
  return (
    <>
      {isOperator && (
        <div class="bar">
          <input
            type="search"
            placeholder="Part of the name"
            aria-label="Part of a namespace's name"
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </div>
      )}
      <Listed label="Namespaces" list={list} keyOf={({ namespace }) => namespace} columns={COLUMNS} none="No namespace." />
      {isOperator && <Make done={list.again} />}
    </>
  );
}

function stateOf({ suspended, read_only }: Namespace): string {
  return [suspended && "suspended", read_only && "read-only"].filter(Boolean).join(", ") || "open";
}

function Make({ done }: { done: () => void }) {
  return (
    <BodyForm<NewNamespace>
      title="A new namespace"
      isMaking
      submit="Make it"
      fields={[
        { name: "namespace", label: "Name", isRequired: true },
        {
          name: "jurisdiction",
          label: "Kept in",
          kind: "choice",
          options: [
            ["unrestricted", "anywhere"],
            ["eu", "the European Union"],
            ["us", "the United States"],
            ["fedramp", "FedRAMP's data centres"],
          ],
          hint: "For good. The deployment needs a bucket there.",
        },
        { name: "fsck", label: "Refuse what git's fsck --strict refuses", kind: "strict" },
      ]}
      send={async (body) => {
        await result(client.POST(NAMESPACES, { body }));
        done();
      }}
    />
  );
}

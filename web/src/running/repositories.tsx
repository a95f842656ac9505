import { useState } from "preact/hooks";

import { client, page } from "../api";
import { Choice, Text } from "../parts/form";
import { sizeOf } from "../parts/size";
import { Time } from "../parts/time";
import { type ListedRepository, NAMESPACE, given } from "./api";
import { useList } from "./data";
import { KINDS } from "./kinds";
import { type Column, Listed } from "./listed";
import { type ViewProperties, runHref } from "./where";

const SORTS: [string, string][] = [
  ["name asc", "Name"],
  ["last_push_at desc", "Last push"],
  ["size desc", "Size"],
  ["created_at desc", "Newest"],
  ["updated_at desc", "Last change"],
];

// What each choice asks of the list.
const STATES: [string, string][] = [
  ["", "Any state"],
  ["read_only=true", "Takes no pushes"],
  ["read_only=false", "Takes pushes"],
  ["expires=true", "Has an end"],
  ["expires=false", "Has no end"],
];
const READERS: [string, string][] = [
  ["", "Anybody's"],
  ["public=true", "Everybody reads it"],
  ["public=false", "Read with a token"],
];

type Sort = "name" | "last_push_at" | "size" | "created_at" | "updated_at";

/** The repositories of a namespace. */
export function Repositories({ where: { namespace } }: ViewProperties) {
  const [asked, setAsked] = useState({ search: "", order: "name asc", before: "", larger: "", state: "", reader: "" });
  const ask = (changed: Partial<typeof asked>) => setAsked({ ...asked, ...changed });
  const list = useList(JSON.stringify(asked), async (cursor, init) => {
    const [sort, direction] = asked.order.split(" ") as [Sort, "asc" | "desc"];
    const bounds = {
      last_push_before: asked.before ? String(KINDS.time.read(asked.before)) : undefined,
      size_min: asked.larger ? Number(KINDS.bytes.read(asked.larger)) : undefined,
    };
    const query = given({ search: asked.search, sort, direction, cursor, ...bounds, ...chosen(asked.state, asked.reader) });
    return page(await client.GET(`${NAMESPACE}/repos`, { params: { path: { namespace }, query }, ...init }));
  });
  return (
    <>
      <div class="bar filters">
        <Text label="Part of the name" value={asked.search} change={(search) => ask({ search })} />
        <Choice label="Sorted by" value={asked.order} change={(order) => ask({ order })} options={SORTS} />
        <Text label="No push since" value={asked.before} change={(before) => ask({ before })} type="datetime-local" />
        <Text label="Not smaller than" value={asked.larger} change={(larger) => ask({ larger })} />
        <Choice label="State" value={asked.state} change={(state) => ask({ state })} options={STATES} />
        <Choice label="Read by" value={asked.reader} change={(reader) => ask({ reader })} options={READERS} />
        <span class="actions">
          <a class="button primary" href={runHref({ namespace, section: "new" })}>
            New repository
          </a>
          <a class="button" href={runHref({ namespace, section: "import" })}>
            Import
          </a>
        </span>
      </div>
      <Listed label="Repositories" list={list} keyOf={({ id }) => id} columns={columnsOf(namespace)} none="No repository." />
    </>
  );
}

function chosen(...choices: string[]): { public?: boolean; read_only?: boolean; expires?: boolean } {
  const fields = choices.filter(Boolean).map((choice) => choice.split("="));
  return Object.fromEntries(fields.map(([field = "", value]) => [field, value === "true"]));
}

function columnsOf(namespace: string): Column<ListedRepository>[] {
  return [
    {
      title: "Name",
      cell: ({ name, description }) => (
        <>
          <a href={runHref({ namespace, repo: name })}>{name}</a>
          {description && <span class="quiet about">{description}</span>}
        </>
      ),
    },
    { title: "Size", cell: ({ size_bytes, lfs_bytes }) => sizeOf(size_bytes + lfs_bytes), isNumber: true },
    { title: "Last push", cell: ({ last_push_at }) => (last_push_at ? <Time at={last_push_at} /> : "never") },
    { title: "Read by", cell: (repository) => (repository.public ? "everybody" : "tokens") },
    { title: "State", cell: stateOf },
  ];
}

function stateOf({ status, read_only, expires_at }: ListedRepository) {
  return (
    <>
      {status ?? "does not answer"}
      {read_only && ", read-only"}
      {expires_at && (
        <>
          , ends <Time at={expires_at} />
        </>
      )}
    </>
  );
}

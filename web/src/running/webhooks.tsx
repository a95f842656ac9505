import { useState } from "preact/hooks";

import { client } from "../api";
import type { components } from "../schema";
import { Once } from "./acts";
import { type Owner, type Webhook, pathOf, result, routeOf } from "./api";
import { BodyForm, type Field } from "./body";
import { useList } from "./data";
import { type Column, Listed } from "./listed";
import { type ViewProperties, runHref } from "./where";

type NewWebhook = components["schemas"]["NewWebhook"];

/** The settings of a webhook, when it is made and later. */
export const WEBHOOK_FIELDS: Field<components["schemas"]["WebhookChange"]>[] = [
  { name: "url", label: "URL", isRequired: true, hint: "https on a public host." },
  { name: "events", label: "Events", kind: "lines", isRequired: true, hint: "A type a line, or the beginning of one and *: repo.pushed, repo.token.*, *." },
  { name: "refs", label: "Refs of pushes", kind: "linesOrNone", hint: "One a line, as refs/heads/*. Empty: every ref." },
];

/** The webhooks of a namespace or of a repository: twenty at most, so that there is one page. */
export function Webhooks({ where }: ViewProperties) {
  const list = useList("webhooks", async (_, init) => ({
    result: await result(client.GET(routeOf(where, "/webhooks"), { params: { path: pathOf(where) }, ...init })),
    cursor: "",
  }));
  return (
    <>
      <Listed label="Webhooks" list={list} keyOf={({ id }) => id} columns={columnsOf(where)} none="No webhook." />
      <Make owner={where} done={list.again} />
    </>
  );
}

function columnsOf({ namespace, repo }: Owner): Column<Webhook>[] {
  return [
    { title: "Webhook", cell: ({ id, url }) => <a href={runHref({ namespace, repo, section: "webhooks", id })}>{url}</a> },
    { title: "Events", cell: ({ events }) => events.join(", ") },
    { title: "Refs", cell: ({ refs }) => refs?.join(", ") ?? "every ref" },
    { title: "State", cell: stateOf },
  ];
}

/** Whether a webhook is sent to, and why not. */
export function stateOf({ active, disabled_reason }: Webhook): string {
  return active ? "active" : `off${disabled_reason ? `: ${disabled_reason}` : ""}`;
}

function Make({ owner, done }: { owner: Owner; done: () => void }) {
  const [secret, setSecret] = useState<string>();
  return (
    <BodyForm<NewWebhook>
      title="A new webhook"
      isMaking
      submit="Make it"
      fields={[...WEBHOOK_FIELDS, { name: "secret", label: "Secret", kind: "password", hint: "Made unless given." }]}
      send={async (body) => {
        const made = await result(client.POST(routeOf(owner, "/webhooks"), { params: { path: pathOf(owner) }, body }));
        setSecret(made.secret);
        done();
      }}
    >
      {secret && <Once label="The secret that signs its deliveries." secret={secret} />}
    </BodyForm>
  );
}

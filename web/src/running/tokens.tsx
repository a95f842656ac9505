import { useState } from "preact/hooks";

import { client, page } from "../api";
import { Choice } from "../parts/form";
import { Time } from "../parts/time";
import type { components } from "../schema";
import { Destroy, Once } from "./acts";
import { NAMESPACE, type Owner, type Token, given, pathOf, result, routeOf } from "./api";
import { BodyForm, type Field } from "./body";
import { useList } from "./data";
import { type Column, Listed } from "./listed";
import type { ViewProperties } from "./where";

type NewToken = components["schemas"]["NewToken"];
type Created = components["schemas"]["CreatedToken"];

const STATES: [string, string][] = [
  ["active", "active"],
  ["expired", "expired"],
  ["revoked", "revoked"],
  ["all", "all"],
];

/** The tokens of a namespace or of a repository. */
export function Tokens({ where, who }: ViewProperties) {
  const [state, setState] = useState("active");
  const list = useList(state, async (cursor, init) => {
    const query = given({ state: state as "active", cursor });
    return page(await client.GET(routeOf(where, "/tokens"), { params: { path: pathOf(where), query }, ...init }));
  });
  return (
    <>
      <div class="bar filters">
        <Choice label="Which" value={state} change={setState} options={STATES} />
      </div>
      <Listed label="Tokens" list={list} keyOf={({ id }) => id} columns={columnsOf(where, list.again)} none="No token." />
      <Make owner={where} isOperator={who.kind === "operator"} done={list.again} />
    </>
  );
}

function columnsOf(owner: Owner, done: () => void): Column<Token>[] {
  const { repo } = owner;
  const opens = ({ repos }: Token) => repos?.join(", ") ?? "every repository";
  return [
    {
      title: "Token",
      cell: ({ id, label }) => (
        <>
          {label ?? <span class="quiet">no label</span>} <code class="quiet">{id}</code>
        </>
      ),
    },
    { title: "Scope", cell: ({ scope, refs }) => [scope, rulesOf(refs.length)].filter(Boolean).join(", ") },
    ...(repo ? [] : [{ title: "Opens", cell: opens }]),
    { title: "Last use", cell: ({ last_used_at }) => (last_used_at ? <Time at={last_used_at} /> : "never") },
    { title: "Ends", cell: ({ state, expires_at }) => (state === "active" ? <Time at={expires_at} /> : state) },
    {
      title: "Revoke",
      isSilent: true,
      cell: ({ id, label, state }) =>
        state === "active" && (
          <Destroy
            label="Revoke"
            title={`Revoke ${label ?? id}`}
            name={label ?? id}
            act={() => result(client.DELETE(routeOf(owner, "/tokens/{token}"), { params: { path: { ...pathOf(owner), token: id } } }))}
            done={done}
          >
            <p>With the next request nobody gets in by it any more.</p>
          </Destroy>
        ),
    },
  ];
}

const rulesOf = (count: number) => (count === 0 ? "" : count === 1 ? "1 rule" : `${count} rules`);

function Make({ owner: { namespace, repo }, isOperator, done }: { owner: Owner; isOperator: boolean; done: () => void }) {
  const [made, setMade] = useState<Created>();
  const scopes: [string, string][] = [
    ["read", "read"],
    ["write", "read and write"],
  ];
  // The namespace itself is opened by the operator alone.
  if (isOperator && !repo) scopes.push(["admin", "administer the namespace"]);
  const which: Field<NewToken>[] = repo
    ? []
    : [{ name: "repos", label: "Repositories that it opens", kind: "linesOrNone", hint: "A name a line. Empty: every one." }];
  return (
    <BodyForm<NewToken>
      title="A new token"
      isMaking
      submit="Make it"
      fields={[
        { name: "label", label: "Label", kind: "optional", hint: "Says in lists and in the log whose it is." },
        { name: "scope", label: "May", kind: "choice", options: scopes, isAlways: true },
        { name: "ttl", label: "Ends after", kind: "secondsOrNone", hint: "For example 90 days; a day unless given." },
        ...which,
        { name: "refs", label: "What it may not push", kind: "rules", hint: "The first rule that matches a ref decides." },
      ]}
      send={async (body) => {
        const params = { path: { namespace } };
        setMade(await result(client.POST(`${NAMESPACE}/tokens`, { params, body: repo ? { ...body, repo } : body })));
        done();
      }}
    >
      {made && <Once label={`The token ${made.label ?? made.id}.`} secret={made.plaintext} />}
    </BodyForm>
  );
}

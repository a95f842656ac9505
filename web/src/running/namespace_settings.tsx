import { useLocation } from "preact-iso";

import { client } from "../api";
import { Time } from "../parts/time";
import { Loaded } from "../parts/waiting";
import type { components } from "../schema";
import { Destroy } from "./acts";
import { NAMESPACE, done, result } from "./api";
import { BodyForm, type Field } from "./body";
import { useKept } from "./data";
import { Facts } from "./facts";
import { Lost } from "./lost";
import { type ViewProperties, runHref } from "./where";

type Schemas = components["schemas"];
type Change = Schemas["NamespaceChange"];

const POLL_MS = 1_500;

const STANDING: Field<Change>[] = [
  { name: "read_only", label: "Its repositories take no pushes", kind: "check" },
  { name: "fsck", label: "New repositories refuse what git's fsck --strict refuses", kind: "strict" },
];

const OPERATORS: Field<Change>[] = [
  { name: "suspended", label: "Suspended: nobody but the operator gets anything from it", kind: "check" },
  { name: "bytes_max", label: "Size at most", kind: "bytesOrNone", hint: "Of all repositories together, for example 100 GiB. Empty: no bound." },
  { name: "repos_max", label: "Repositories at most", kind: "numberOrNone", hint: "Empty: no bound." },
];

const ISSUERS: Field<Change>[] = [
  { name: "issuers", label: "Issuers of signed tokens", kind: "json", hint: "A list, as docs/tokens.md describes it. It takes the place of the present one." },
];

/**
 * The settings that a namespace's PATCH can change, a button that revokes all its tokens at once, and its
 * end.
 */
export function NamespaceSettings({ where: { namespace }, who }: ViewProperties) {
  const { route } = useLocation();
  const params = { path: { namespace } };
  const isOperator = who.kind === "operator";
  const found = useKept(
    namespace,
    (init) => result(client.GET(NAMESPACE, { params, ...init })),
    ({ standing }) => (standing.left > 0 ? POLL_MS : 0),
  );
  const change = async (body: Change) => {
    await result(client.PATCH(NAMESPACE, { params, body }));
    found.again();
  };
  return (
    <Loaded data={found}>
      {(value) => (
        <>
          <About namespace={value} />
          <BodyForm<Change> title="What holds for its repositories" fields={STANDING} values={value} submit="Save" send={change} />
          {isOperator && <BodyForm<Change> title="Set by the operator" fields={OPERATORS} values={value} submit="Save" send={change} />}
          <BodyForm<Change> title="Signed tokens" fields={ISSUERS} values={value} submit="Save" send={change} />
          <RevokeSigned namespace={namespace} />
          <section class="group">
            <h2>Revoke all tokens</h2>
            <p class="quiet">Those of the namespace and of its repositories that were made before this moment, yours included if you use one.</p>
            <Destroy
              label="Revoke all tokens"
              title={`Revoke all tokens of ${namespace}`}
              name={namespace}
              act={() => result(client.POST(`${NAMESPACE}/tokens/revoke-all`, { params, body: {} }))}
              done={found.again}
            >
              <p>Whoever uses one needs another one.</p>
            </Destroy>
          </section>
          {isOperator && <Lost namespace={namespace} />}
          {isOperator && (
            <section class="group">
              <h2>Delete</h2>
              <p class="quiet">Only a namespace without repositories can be deleted. Deleted ones cannot be restored then.</p>
              <Destroy
                label="Delete the namespace"
                title={`Delete ${namespace}`}
                name={namespace}
                act={() => done(client.DELETE(NAMESPACE, { params }))}
                done={() => route(runHref({}))}
              >
                <p>Its tokens, webhooks, events and audit log go with it.</p>
              </Destroy>
            </section>
          )}
        </>
      )}
    </Loaded>
  );
}

function About({ namespace }: { namespace: Schemas["Namespace"] }) {
  const { jurisdiction, created_at, tokens_revoked_before, standing } = namespace;
  return (
    <section class="group">
      <Facts
        facts={[
          ["Kept in", jurisdiction],
          ["Made", <Time key="made" at={created_at} />],
          ["Tokens revoked that were made before", tokens_revoked_before && <Time at={tokens_revoked_before} />],
          ["Repositories that are yet to be told", standing.left > 0 && standing.left],
        ]}
      />
    </section>
  );
}

function RevokeSigned({ namespace }: { namespace: string }) {
  return (
    <BodyForm<Schemas["SignedRevocation"]>
      title="Revoke one signed token"
      isMaking
      submit="Revoke it"
      fields={[
        { name: "issuer", label: "Its issuer", isRequired: true, hint: "The claim iss." },
        { name: "jti", label: "Its id", isRequired: true, hint: "The claim jti." },
      ]}
      send={(body) => result(client.POST(`${NAMESPACE}/tokens/revoke-signed`, { params: { path: { namespace } }, body }))}
    />
  );
}

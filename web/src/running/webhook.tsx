import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";

import { client } from "../api";
import { Time } from "../parts/time";
import { Loaded } from "../parts/waiting";
import type { components } from "../schema";
import { ActButton, Destroy, Once } from "./acts";
import { type Webhook, pathOf, result, routeOf } from "./api";
import { BodyForm } from "./body";
import { type Kept, useKept } from "./data";
import { Deliveries } from "./deliveries";
import { Facts } from "./facts";
import { WEBHOOK_FIELDS, stateOf } from "./webhooks";
import { type ViewProperties, type Where, runHref } from "./where";

type Change = components["schemas"]["WebhookChange"];

const paramsOf = (where: Where) => ({ path: { ...pathOf(where), webhook: where.id } });

/** One webhook: its events, its deliveries, its secret. */
export function WebhookView({ where }: ViewProperties) {
  const params = paramsOf(where);
  const webhook = useKept(where.id, (init) => result(client.GET(routeOf(where, "/webhooks/{webhook}"), { params, ...init })));
  const [pings, setPings] = useState(0);
  const ping = async () => {
    await result(client.POST(routeOf(where, "/webhooks/{webhook}/ping"), { params }));
    setPings(pings + 1);
  };
  return (
    <Loaded data={webhook}>
      {(value) => (
        <>
          <section class="group">
            <h2 class="long">{value.url}</h2>
            <Facts
              facts={[
                ["State", stateOf(value)],
                ["Made", <Time key="made" at={value.created_at} />],
                ["The former secret signs", value.former_secret_until && <Time at={value.former_secret_until} />],
              ]}
            />
            <ActButton label="Ping it" act={ping} done="A ping is on its way." />
          </section>
          <h2>Deliveries</h2>
          <Deliveries key={pings} where={where} />
          <Settings where={where} webhook={webhook} value={value} />
        </>
      )}
    </Loaded>
  );
}

function Settings({ where, webhook: { again }, value }: { where: Where; webhook: Kept<Webhook>; value: Webhook }) {
  const { route } = useLocation();
  const params = paramsOf(where);
  const one = routeOf(where, "/webhooks/{webhook}");
  const [secret, setSecret] = useState<string>();
  return (
    <>
      <BodyForm<Change>
        title="What it gets"
        fields={[...WEBHOOK_FIELDS, { name: "active", label: "Active", kind: "check" }]}
        values={value}
        submit="Save"
        send={async (body) => {
          await result(client.PATCH(one, { params, body }));
          again();
        }}
      />
      <BodyForm<components["schemas"]["NewSecret"]>
        title="Another secret"
        isMaking
        submit="Change the secret"
        fields={[
          { name: "secret", label: "Secret", kind: "password", hint: "Made unless given." },
          { name: "keep_seconds", label: "The former one signs as well for", kind: "seconds", hint: "A day unless given, 7 days at most." },
        ]}
        send={async (body) => {
          setSecret((await result(client.POST(routeOf(where, "/webhooks/{webhook}/rotate-secret"), { params, body }))).secret);
          again();
        }}
      >
        {secret && <Once label="The new secret." secret={secret} />}
      </BodyForm>
      <section class="group">
        <h2>Remove it</h2>
        <Destroy
          label="Remove"
          title="Remove this webhook"
          name={value.url}
          act={() => result(client.DELETE(one, { params }))}
          done={() => route(runHref({ ...where, id: "" }))}
        >
          <p>Its deliveries go too; what is on its way is dropped.</p>
        </Destroy>
      </section>
    </>
  );
}

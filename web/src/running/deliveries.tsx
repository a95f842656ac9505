import { useState } from "preact/hooks";

import { client, page } from "../api";
import { useData } from "../data";
import { Dialog } from "../parts/dialog";
import { Choice } from "../parts/form";
import { Time } from "../parts/time";
import { Loaded } from "../parts/waiting";
import { ActButton } from "./acts";
import { type Delivery, given, pathOf, result, routeOf } from "./api";
import { useList } from "./data";
import { Facts } from "./facts";
import { type Column, Listed } from "./listed";
import type { Where } from "./where";

const STATES: [string, string][] = [
  ["", "all"],
  ["pending", "on their way"],
  ["delivered", "delivered"],
  ["given_up", "given up"],
  ["dropped", "dropped"],
];

/** The deliveries of a webhook, newest first. */
export function Deliveries({ where }: { where: Where }) {
  const path = { ...pathOf(where), webhook: where.id };
  const [state, setState] = useState("");
  const [shown, show] = useState<Delivery>();
  const list = useList(state, async (cursor, init) => {
    const query = given({ state: state as "pending", cursor });
    return page(await client.GET(routeOf(where, "/webhooks/{webhook}/deliveries"), { params: { path, query }, ...init }));
  });
  const again = async ({ id }: Delivery) => {
    const params = { path: { ...path, delivery: id } };
    await result(client.POST(routeOf(where, "/webhooks/{webhook}/deliveries/{delivery}/redeliver"), { params }));
    list.again();
  };
  return (
    <>
      <div class="bar filters">
        <Choice label="Which" value={state} change={setState} options={STATES} />
        <button type="button" onClick={list.again}>
          Look again
        </button>
      </div>
      <Listed label="Deliveries" list={list} keyOf={({ id }) => id} columns={columnsOf(show, again)} none="No delivery." />
      {shown && <Whole where={where} delivery={shown} close={() => show(undefined)} />}
    </>
  );
}

function columnsOf(show: (delivery: Delivery) => void, again: (delivery: Delivery) => Promise<void>): Column<Delivery>[] {
  return [
    {
      title: "Event",
      cell: (delivery) => (
        <button type="button" class="plainly" onClick={() => show(delivery)}>
          {delivery.type}
        </button>
      ),
    },
    { title: "When", cell: ({ created_at }) => <Time at={created_at} /> },
    { title: "State", cell: ({ state }) => state.replace("_", " ") },
    { title: "Answer", cell: ({ status, answer }) => status ?? answer ?? "none yet" },
    { title: "Attempts", cell: ({ attempts }) => attempts, isNumber: true },
    { title: "Again", isSilent: true, cell: (delivery) => <ActButton label="Send again" act={() => again(delivery)} /> },
  ];
}

function Whole({ where, delivery: { id, type }, close }: { where: Where; delivery: Delivery; close: () => void }) {
  const path = { ...pathOf(where), webhook: where.id, delivery: id };
  const found = useData(`delivery ${id}`, (init) =>
    result(client.GET(routeOf(where, "/webhooks/{webhook}/deliveries/{delivery}"), { params: { path }, ...init })),
  );
  return (
    <Dialog title={type} close={close}>
      <Loaded data={found}>
        {({ event_id, status, answer, duration_ms, due_at, request_body }) => (
          <>
            <Facts
              facts={[
                ["Event", <code key="event">{event_id}</code>],
                ["Status", status],
                ["Answered after", duration_ms !== null && `${duration_ms} ms`],
                ["Tried next", due_at && <Time at={due_at} />],
                ["Answer", answer],
              ]}
            />
            <pre class="plain" tabIndex={0}>
              {pretty(request_body)}
            </pre>
          </>
        )}
      </Loaded>
      <button type="button" onClick={close}>
        Close
      </button>
    </Dialog>
  );
}

/** JSON with line breaks; any other text as it is. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

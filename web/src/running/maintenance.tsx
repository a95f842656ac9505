import { useState } from "preact/hooks";

import { client } from "../api";
import { ByName } from "../parts/dialog";
import { Check } from "../parts/form";
import { sizeOf } from "../parts/size";
import { Time } from "../parts/time";
import { Loaded } from "../parts/waiting";
import type { components } from "../schema";
import { REPOSITORY, result } from "./api";
import { BodyForm } from "./body";
import { useKept } from "./data";
import { Facts, Told } from "./facts";
import { type Column, Listed } from "./listed";
import type { ViewProperties } from "./where";

type Schemas = components["schemas"];
type Run = Schemas["MaintenanceRun"];

const TASKS: [string, string][] = [
  ["verify", "verify: read everything and compare it"],
  ["run", "run: merge packs, remove what is not reached"],
  ["rebuild", "rebuild: make the derived parts again"],
  ["secure", "secure: copy packs to R2 that have settled"],
  ["snapshot", "snapshot: copy everything to R2 now"],
];

const RUNS: Column<Run>[] = [
  { title: "Task", cell: ({ task }) => task },
  { title: "Outcome", cell: ({ outcome }) => outcome },
  { title: "When", cell: ({ started_at_ms }) => <Time at={new Date(started_at_ms).toISOString()} /> },
  { title: "Took", cell: ({ duration_ms }) => (duration_ms === null ? "runs" : `${duration_ms} ms`), isNumber: true },
  { title: "Packs", cell: ({ packs }) => packs.toLocaleString("en"), isNumber: true },
  { title: "Objects", cell: ({ objects }) => objects.toLocaleString("en"), isNumber: true },
  { title: "Bytes", cell: ({ bytes }) => sizeOf(bytes), isNumber: true },
  { title: "Detail", cell: ({ detail }) => detail },
];

/** The parts of a repository, the past runs of maintenance, and tasks to start. */
export function Maintenance({ where, who }: ViewProperties) {
  const params = { path: { namespace: where.namespace, repo: where.repo } };
  const stats = useKept("stats", (init) => result(client.GET(`${REPOSITORY}/stats`, { params, ...init })));
  const [found, setFound] = useState<object>();
  return (
    <>
      <BodyForm<Schemas["Maintenance"]>
        title="Start a task"
        isMaking
        submit="Start"
        fields={[
          { name: "task", label: "Task", kind: "choice", options: TASKS, isAlways: true },
          { name: "lfs_digests", label: "verify also reads large files", kind: "check" },
        ]}
        send={async (body) => {
          setFound(undefined);
          setFound(await result(client.POST(`${REPOSITORY}/maintenance`, { params, body })));
          stats.again();
        }}
      >
        {found && (
          <div role="status" class="found">
            <Told value={found} />
          </div>
        )}
      </BodyForm>
      <Purge {...params.path} isOperator={who.kind === "operator"} />
      <Loaded data={stats}>
        {({ maintenance, refs, objects, packs, sqlite_bytes, r2_bytes, ...others }) => (
          <>
            <h2>The last runs</h2>
            <Listed
              label="The last runs"
              list={{ rows: maintenance, isLoading: false, again: stats.again }}
              keyOf={({ started_at_ms, task }) => `${started_at_ms} ${task}`}
              columns={RUNS}
              none="No maintenance has run yet."
            />
            <section class="group">
              <h2>Figures</h2>
              <Facts
                facts={[
                  ["Refs", refs.toLocaleString("en")],
                  ["Objects", objects.toLocaleString("en")],
                  ["Packs", packs.live.toLocaleString("en")],
                  ["Bytes of packs", sizeOf(packs.bytes)],
                  ["In SQLite", sizeOf(sqlite_bytes)],
                  ["In R2", sizeOf(r2_bytes)],
                ]}
              />
              <details class="told">
                <summary>All figures</summary>
                <Told value={{ packs, ...others }} />
              </details>
            </section>
          </>
        )}
      </Loaded>
    </>
  );
}

function Purge({ namespace, repo, isOperator }: { namespace: string; repo: string; isOperator: boolean }) {
  const [isOpen, open] = useState(false);
  const [network, setNetwork] = useState(false);
  const [purged, setPurged] = useState<Schemas["Purged"]>();
  const close = () => open(false);
  const act = async () => {
    const params = { path: { namespace, repo } };
    setPurged(await result(client.POST(`${REPOSITORY}/purge-unreachable`, { params, body: { network } })));
    close();
  };
  return (
    <section class="group">
      <h2>Remove what no ref reaches</h2>
      <p class="quiet">After a secret was taken out of the history: at once, and without a grace period.</p>
      <button type="button" class="danger" onClick={() => open(true)}>
        Purge
      </button>
      {purged && (
        <div role="status" class="found">
          <Told value={purged} />
        </div>
      )}
      {isOpen && (
        <ByName title={`Purge ${repo}`} name={repo} submit="Purge" close={close} act={act}>
          <p>Objects that no ref reaches go for good, and the reflog's with them.</p>
          {isOperator && <Check label="Of the forks that may hold them as well" value={network} change={setNetwork} />}
        </ByName>
      )}
    </section>
  );
}

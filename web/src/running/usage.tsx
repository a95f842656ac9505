import { useState } from "preact/hooks";

import { client } from "../api";
import { Choice } from "../parts/form";
import { sizeOf } from "../parts/size";
import { Loaded } from "../parts/waiting";
import type { components } from "../schema";
import { NAMESPACE, result } from "./api";
import { useKept } from "./data";
import { Facts } from "./facts";
import { type Column, Listed } from "./listed";
import type { ViewProperties } from "./where";

type Day = components["schemas"]["Usage"]["days"][number];

const DAYS: [string, string][] = [
  ["30", "30 days"],
  ["90", "90 days"],
  ["396", "13 months"],
];

const COLUMNS: Column<Day>[] = [
  { title: "Day", cell: ({ date }) => date },
  { title: "Pushes", cell: ({ pushes }) => pushes.toLocaleString("en"), isNumber: true },
  { title: "Fetches", cell: ({ fetches }) => fetches.toLocaleString("en"), isNumber: true },
  { title: "Came", cell: ({ bytes_in }) => sizeOf(bytes_in), isNumber: true },
  { title: "Went", cell: ({ bytes_out }) => sizeOf(bytes_out), isNumber: true },
];

const bound = (of: string, most: string | undefined) => (most === undefined ? of : `${of} of ${most}`);

/** The usage of a namespace, now and day by day. */
export function Usage({ where: { namespace } }: ViewProperties) {
  const [days, setDays] = useState("30");
  const usage = useKept(`usage ${days}`, (init) =>
    result(client.GET(`${NAMESPACE}/usage`, { params: { path: { namespace }, query: { days: Number(days) } }, ...init })),
  );
  return (
    <Loaded data={usage}>
      {({ repo_count, size_bytes, lfs_bytes, object_count, sqlite_bytes, r2_bytes, bytes_max, repos_max, days: rows }) => (
        <>
          <section class="group">
            <Facts
              facts={[
                ["Repositories", bound(repo_count.toLocaleString("en"), repos_max?.toLocaleString("en"))],
                ["Packs and large files", bound(sizeOf(size_bytes + lfs_bytes), bytes_max === null ? undefined : sizeOf(bytes_max))],
                ["Objects", object_count.toLocaleString("en")],
                ["In SQLite", sizeOf(sqlite_bytes)],
                ["In R2", sizeOf(r2_bytes)],
              ]}
            />
          </section>
          <div class="bar filters">
            <Choice label="The last" value={days} change={setDays} options={DAYS} />
          </div>
          <Listed
            label="Days"
            list={{ rows, isLoading: usage.isLoading, again: usage.again }}
            keyOf={({ date }) => date}
            columns={COLUMNS}
            none="Nothing was done on these days."
          />
        </>
      )}
    </Loaded>
  );
}

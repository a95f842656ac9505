import { useState } from "preact/hooks";

import { client, page } from "../api";
import { Dialog } from "../parts/dialog";
import { Time } from "../parts/time";
import type { components } from "../schema";
import { Destroy } from "./acts";
import { NAMESPACE, REPOSITORY, given, result } from "./api";
import { BodyForm } from "./body";
import { useList } from "./data";
import { type Column, Listed } from "./listed";
import type { ViewProperties } from "./where";

type DeletedRepository = components["schemas"]["DeletedRepository"];

/** Deleted repositories that can be restored, last deleted first. */
export function Deleted({ where: { namespace } }: ViewProperties) {
  const [restored, restore] = useState<DeletedRepository>();
  const list = useList("deleted", async (cursor, init) =>
    page(await client.GET(`${NAMESPACE}/deleted`, { params: { path: { namespace }, query: given({ cursor }) }, ...init })),
  );
  const close = () => restore(undefined);
  const none = "Nothing that can be restored.";
  return (
    <>
      <Listed label="Deleted repositories" list={list} keyOf={({ id }) => id} columns={columnsOf(namespace, restore, list.again)} none={none} />
      {restored && (
        <Dialog title={`Restore ${restored.name}`} close={close}>
          <BodyForm<{ name: string }>
            fields={[{ name: "name", label: "Name", isRequired: true, isAlways: true, hint: "Another one if that is taken." }]}
            values={{ name: restored.name }}
            submit="Restore"
            send={async ({ name }) => {
              const params = { path: { namespace, repo: restored.name } };
              await result(client.POST(`${REPOSITORY}/restore-deleted`, { params, body: { id: restored.id, name } }));
              close();
              list.again();
            }}
            beside={
              <button type="button" onClick={close}>
                Cancel
              </button>
            }
          />
        </Dialog>
      )}
    </>
  );
}

function columnsOf(namespace: string, restore: (repository: DeletedRepository) => void, done: () => void): Column<DeletedRepository>[] {
  const purge = (id: string) => result(client.DELETE(`${NAMESPACE}/deleted/{id}`, { params: { path: { namespace, id } } }));
  return [
    { title: "Name", cell: ({ name }) => name },
    { title: "Id", cell: ({ id }) => <code>{id}</code> },
    { title: "Deleted", cell: ({ deleted_at }) => <Time at={deleted_at} /> },
    { title: "Goes for good", cell: ({ restorable_until }) => <Time at={restorable_until} /> },
    {
      title: "Acts",
      isSilent: true,
      cell: (repository) => (
        <span class="buttons">
          <button type="button" onClick={() => restore(repository)}>
            Restore
          </button>
          <Destroy label="Purge" title={`Purge ${repository.name}`} name={repository.name} act={() => purge(repository.id)} done={done}>
            <p>It goes for good, before its time.</p>
          </Destroy>
        </span>
      ),
    },
  ];
}

import { useState } from "preact/hooks";

import { client } from "../api";
import type { components } from "../schema";
import { NAMESPACE, REPOSITORY, result } from "./api";
import { BodyForm } from "./body";
import { Told } from "./facts";
import { Made } from "./made";

type Schemas = components["schemas"];

/** The operator's acts when objects have lost their data (docs/operations.md). */
export function Lost({ namespace }: { namespace: string }) {
  return (
    <>
      <Relist namespace={namespace} />
      <Recover namespace={namespace} />
    </>
  );
}

function Relist({ namespace }: { namespace: string }) {
  const [told, setTold] = useState<Schemas["Relisting"]>();
  const isAtEnd = !told?.cursor;
  return (
    <BodyForm<Schemas["NewRelisting"]>
      title="Find repositories that are missing from the list"
      isMaking
      submit={isAtEnd ? "Look" : "Look further"}
      fields={[{ name: "names", label: "Names to ask", kind: "linesOrNone", hint: "A name a line. Empty: the records in R2, twenty at a time." }]}
      send={async (body) => {
        const asked = isAtEnd ? body : { ...body, cursor: told.cursor };
        setTold(await result(client.POST(`${NAMESPACE}/relist`, { params: { path: { namespace } }, body: asked })));
      }}
    >
      {told && (
        <div role="status" class="found">
          <Told value={told} />
        </div>
      )}
    </BodyForm>
  );
}

function Recover({ namespace }: { namespace: string }) {
  const [made, setMade] = useState<Schemas["CreatedRepository"]>();
  return (
    <>
      <BodyForm<{ name: string; repository_id: string }>
        title="Recover a lost repository"
        isMaking
        submit="Recover it"
        fields={[
          { name: "name", label: "Name", isRequired: true, hint: "Any free name; that of the lost one is free." },
          { name: "repository_id", label: "Id of the lost one", isRequired: true },
        ]}
        send={async ({ name, ...body }) => {
          const params = { path: { namespace, repo: name } };
          setMade(await result(client.POST(`${REPOSITORY}/recover`, { params, body })));
        }}
      />
      {made && <Made namespace={namespace} repository={made} />}
    </>
  );
}

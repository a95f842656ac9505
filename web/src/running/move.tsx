import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";

import { client } from "../api";
import type { components } from "../schema";
import { Destroy } from "./acts";
import { REPOSITORY, result } from "./api";
import { BodyForm, type Field } from "./body";
import { Made } from "./made";
import { SHARED_FIELDS } from "./new_repository";
import { type ViewProperties, runHref } from "./where";

type Schemas = components["schemas"];
type Name = { name: string; namespace?: string };

/** A repository forked, renamed, given to another namespace, deleted. */
export function Move({ where, who }: ViewProperties) {
  const { namespace, repo } = where;
  const { route } = useLocation();
  const params = { path: { namespace, repo } };
  // A token is of one namespace, so only the operator reaches another one.
  const other: Field<Name>[] = who.kind === "operator" ? [{ name: "namespace", label: "Namespace", hint: "Is made if it is missing." }] : [];
  const gone = () => route(runHref({ namespace }));
  return (
    <>
      <Fork where={where} who={who} />
      <BodyForm<Name>
        title="Rename"
        values={{ name: repo, namespace }}
        fields={[{ name: "name", label: "Name", isRequired: true, isAlways: true, hint: "The old name leads to the new one until somebody takes it." }, ...other]}
        submit="Rename"
        send={async (body) => {
          const { name } = await result(client.POST(`${REPOSITORY}/rename`, { params, body }));
          route(runHref({ namespace: body.namespace ?? namespace, repo: name }));
        }}
      />
      <section class="group">
        <h2>Delete</h2>
        <p class="quiet">A deleted repository can be restored for a while. One that is deleted for good cannot.</p>
        <span class="buttons">
          <Destroy label="Delete" title={`Delete ${repo}`} name={repo} act={() => result(client.DELETE(REPOSITORY, { params }))} done={gone}>
            <p>Git and REST find it gone, and its name is free.</p>
          </Destroy>
          <Destroy
            label="Delete for good"
            title={`Delete ${repo} for good`}
            name={repo}
            act={() => result(client.DELETE(REPOSITORY, { params: { ...params, query: { purge: true } } }))}
            done={gone}
          >
            <p>Nobody can restore it.</p>
          </Destroy>
        </span>
      </section>
    </>
  );
}

type Fork = Schemas["NewFork"];

function Fork({ where: { namespace, repo }, who }: ViewProperties) {
  const [made, setMade] = useState<{ namespace: string; repository: Schemas["CreatedRepository"] }>();
  const other: Field<Fork>[] = who.kind === "operator" ? [{ name: "namespace", label: "In the namespace", kind: "optional", hint: "This one unless given." }] : [];
  return (
    <>
      <BodyForm<Fork>
        title="Fork"
        isMaking
        submit="Fork it"
        fields={[
          { name: "name", label: "Name of the fork", isRequired: true },
          ...other,
          { name: "default_branch_only", label: "Only the default branch", kind: "check" },
          ...SHARED_FIELDS,
        ]}
        send={async (body) => {
          const repository = await result(client.POST(`${REPOSITORY}/fork`, { params: { path: { namespace, repo } }, body }));
          setMade({ namespace: body.namespace ?? namespace, repository });
        }}
      />
      {made && <Made {...made} />}
    </>
  );
}

import { useState } from "preact/hooks";

import { client } from "../api";
import { Loaded } from "../parts/waiting";
import type { components } from "../schema";
import { REPOSITORY, result } from "./api";
import { BodyForm } from "./body";
import { Told } from "./facts";
import { useRepository } from "./progress";
import type { ViewProperties } from "./where";

type Schemas = components["schemas"];
type Change = Schemas["RepositoryChange"];

/** The rules about a repository's refs, and whether they would let a change pass. */
export function RulesView({ where }: ViewProperties) {
  const { namespace, repo } = where;
  const params = { path: { namespace, repo } };
  const repository = useRepository(where);
  const [verdict, setVerdict] = useState<Schemas["RulesTest"]>();
  return (
    <Loaded data={repository}>
      {(value) => (
        <>
          <BodyForm<Change>
            title="Rules about refs"
            fields={[
              {
                name: "ref_rules",
                label: "In their order",
                kind: "rules",
                hint: "The first rule whose pattern matches a ref decides about it: a full name, the beginning of one and *, or *.",
              },
            ]}
            values={value}
            submit="Save"
            send={async (body) => {
              await result(client.PATCH(REPOSITORY, { params, body }));
              repository.again();
            }}
          />
          <BodyForm<Schemas["NewRulesTest"]>
            title="Would a change pass?"
            values={{ ref: `refs/heads/${value.default_branch}`, op: "update" }}
            fields={[
              { name: "ref", label: "Ref", isRequired: true, isAlways: true },
              {
                name: "op",
                label: "Change",
                kind: "choice",
                isAlways: true,
                options: [
                  ["create", "make it"],
                  ["update", "move it forward"],
                  ["force", "move it by force"],
                  ["delete", "delete it"],
                ],
              },
              { name: "token_id", label: "By the token", kind: "optional", hint: "Its id. Empty: by you." },
            ]}
            submit="Ask"
            isMaking
            send={async (body) => setVerdict(await result(client.POST(`${REPOSITORY}/rules/test`, { params, body })))}
          >
            {verdict && (
              <div role="status">
                <p>{verdict.allowed ? "It would pass." : "It would be refused."}</p>
                {!verdict.allowed && <Told value={verdict} />}
              </div>
            )}
          </BodyForm>
        </>
      )}
    </Loaded>
  );
}

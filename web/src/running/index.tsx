import type { ComponentType } from "preact";
import { useLocation } from "preact-iso";
import { useEffect } from "preact/hooks";

import { Failure } from "../parts/failure";
import { Waiting } from "../parts/waiting";
import { hrefOf } from "../place";
import { signInHref, useWho } from "../session";
import { Audit } from "./audit";
import { Deleted } from "./deleted";
import { Events } from "./events";
import { RunFrame } from "./frame";
import { Maintenance } from "./maintenance";
import { Move } from "./move";
import { NamespaceSettings } from "./namespace_settings";
import { Namespaces } from "./namespaces";
import { NewImport, NewRepository } from "./new_repository";
import { Overview } from "./overview";
import { Repositories } from "./repositories";
import { RulesView } from "./rules";
import { Settings } from "./settings";
import { Tokens } from "./tokens";
import { Usage } from "./usage";
import { WebhookView } from "./webhook";
import { Webhooks } from "./webhooks";
import { type ViewProperties, whereOf } from "./where";
import "./style.css";

type Views = Record<string, ComponentType<ViewProperties>>;

const PLACE: Views = { "": Namespaces, audit: Audit };
const SHARED: Views = { tokens: Tokens, webhooks: Webhooks, events: Events };
const NAMESPACE: Views = {
  ...SHARED,
  "": Repositories,
  repos: Repositories,
  new: NewRepository,
  import: NewImport,
  deleted: Deleted,
  audit: Audit,
  usage: Usage,
  settings: NamespaceSettings,
};
const REPOSITORY: Views = {
  ...SHARED,
  "": Overview,
  settings: Settings,
  rules: RulesView,
  maintenance: Maintenance,
  move: Move,
};

/** Everything below `/n`: for the operator, and for a namespace's admin token in its namespace. */
export function Running() {
  const { path } = useLocation();
  const where = whereOf(path);
  const who = useWho();
  useEffect(() => {
    const { namespace, repo, section } = where;
    document.title = [section, [namespace, repo].filter(Boolean).join("/") || "Namespaces"].filter(Boolean).join(" · ");
  }, [path]);
  return (
    <RunFrame where={where} isOperator={who?.kind === "operator"}>
      {who ? <Shown key={path} where={where} who={who} /> : <Waiting />}
    </RunFrame>
  );
}

function Shown({ where, who }: ViewProperties) {
  if (who.kind !== "operator" && who.scope !== "admin") return <Reader who={who} />;
  const views = where.repo ? REPOSITORY : where.namespace ? NAMESPACE : PLACE;
  const View = where.section === "webhooks" && where.id ? WebhookView : views[where.section];
  if (!View) return <p class="message">There is nothing here.</p>;
  return (
    <Failure.Boundary>
      <View where={where} who={who} />
    </Failure.Boundary>
  );
}

/** The view for somebody who runs nothing here. */
function Reader({ who: { kind, namespace, repository } }: Pick<ViewProperties, "who">) {
  return (
    <section class="message">
      <h2>{kind === "anonymous" ? "Nobody is signed in" : "This token runs nothing"}</h2>
      <p>The operator's key and the admin tokens of namespaces open this page.</p>
      {namespace && repository && (
        <p>
          <a href={hrefOf({ namespace, repo: repository, view: "tree", ref: "", path: "" })}>
            {namespace}/{repository}
          </a>
        </p>
      )}
      <p>
        <a href={signInHref()}>{kind === "anonymous" ? "Sign in" : "Sign in with another token"}</a>
      </p>
    </section>
  );
}

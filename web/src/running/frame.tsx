import type { ComponentChildren } from "preact";

import { Account } from "../parts/bar";
import { hrefOf } from "../place";
import { type Where, runHref } from "./where";

type Tabs = [section: string, label: string][];

/** The views of the whole place, of a namespace and of a repository. */
export const PLACE: Tabs = [
  ["", "Namespaces"],
  ["audit", "Audit log"],
];
export const NAMESPACE: Tabs = [
  ["", "Repositories"],
  ["deleted", "Deleted"],
  ["tokens", "Tokens"],
  ["webhooks", "Webhooks"],
  ["events", "Events"],
  ["audit", "Audit log"],
  ["usage", "Usage"],
  ["settings", "Settings"],
];
export const REPOSITORY: Tabs = [
  ["", "Overview"],
  ["settings", "Settings"],
  ["rules", "Rules"],
  ["tokens", "Tokens"],
  ["webhooks", "Webhooks"],
  ["events", "Events"],
  ["maintenance", "Maintenance"],
  ["move", "Fork, rename, delete"],
];

// The tab that a view belongs to which has none.
const OF: Record<string, string> = { new: "", import: "" };

/** The head of every page that runs the place: where one is, and the views of it. */
export function RunFrame({ where, isOperator, children }: { where: Where; isOperator: boolean; children: ComponentChildren }) {
  const { namespace, repo, section } = where;
  const tabs = repo ? REPOSITORY : namespace ? NAMESPACE : PLACE.filter(([section]) => isOperator || section === "");
  return (
    <>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <header class="top run">
        <h1 class="name">
          {namespace ? <a href={runHref({})}>Namespaces</a> : "Namespaces"}
          {namespace && (
            <>
              <span class="slash">/</span>
              {repo ? <a href={runHref({ namespace })}>{namespace}</a> : namespace}
            </>
          )}
          {repo && (
            <>
              <span class="slash">/</span>
              {repo}
            </>
          )}
        </h1>
        <Account />
        <nav aria-label={repo ? "Repository" : namespace ? "Namespace" : "Place"}>
          {tabs.map(([view, label]) => (
            <a
              key={view}
              href={runHref({ namespace, repo, section: view })}
              aria-current={(OF[section] ?? section) === view ? "page" : undefined}
            >
              {label}
            </a>
          ))}
          {repo && <a href={hrefOf({ namespace, repo, view: "tree", ref: "", path: "" })}>Files</a>}
        </nav>
      </header>
      <main id="content">{children}</main>
    </>
  );
}

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { useMayRun } from "../may_run";
import { type Place, type View, hrefOf } from "../place";
import { Account } from "./bar";
import { Finder } from "./finder";

const TABS: [View, string][] = [
  ["tree", "Files"],
  ["log", "History"],
  ["refs", "Branches and tags"],
  ["search", "Search"],
];

// The tab that a view belongs to.
const OF: Partial<Record<View, View>> = { file: "tree", blame: "tree", commit: "log", compare: "refs", reflog: "refs", edit: "tree", new: "tree", upload: "tree", move: "tree", delete: "tree" };

/** The head of every page of a repository: its name, the tabs, how to clone it. */
export function Frame({ place, children }: { place: Place; children: ComponentChildren }) {
  const { namespace, repo } = place;
  const home: Place = { namespace, repo, view: "tree", ref: "", path: "" };
  const isComparison = place.view === "compare";
  const tab = OF[place.view] ?? place.view;
  return (
    <>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <header class="top">
        <h1 class="name">
          <span class="quiet">{namespace}</span>
          <span class="slash">/</span>
          <a href={hrefOf(home)}>{repo}</a>
        </h1>
        <nav aria-label="Repository">
          {TABS.map(([view, label]) => (
            <a
              key={view}
              href={hrefOf({ ...home, view, ref: isComparison ? "" : place.ref })}
              aria-current={tab === view ? "page" : undefined}
            >
              {label}
            </a>
          ))}
          <Run namespace={namespace} repo={repo} />
        </nav>
        <Clone place={place} />
        <Account />
      </header>
      <main id="content">{children}</main>
      <Finder place={isComparison ? home : place} />
    </>
  );
}

// The way to the settings, for those who may change them. The path is that of `running/where.ts`, which readers do not load.
function Run({ namespace, repo }: Pick<Place, "namespace" | "repo">) {
  if (!useMayRun(namespace)) return null;
  return <a href={`/n/${namespace}/repos/${repo}`}>Settings</a>;
}

function Clone({ place: { namespace, repo } }: { place: Place }) {
  const [copied, setCopied] = useState(false);
  const command = `git clone ${location.origin}/git/${namespace}/${repo}.git`;
  const copy = async () => {
    await navigator.clipboard.writeText(command);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <div class="clone">
      {/* On a phone it is wider than its place: the keyboard has to reach it. */}
      <code tabIndex={0}>{command}</code>
      <button type="button" onClick={copy} aria-label="Copy the command">
        {copied ? "Copied" : "Copy"}
      </button>
    </div>
  );
}

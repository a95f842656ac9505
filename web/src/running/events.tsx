import { useState } from "preact/hooks";

import { Failure } from "../parts/failure";
import { Choice } from "../parts/form";
import { Time } from "../parts/time";
import { More } from "../parts/waiting";
import { shortName } from "../place";
import type { Event } from "./api";
import { Told } from "./facts";
import { useFeed } from "./feed";
import { type ViewProperties, runHref } from "./where";

const TYPES: [string, string][] = [
  ["", "all"],
  ["repo.pushed", "pushes"],
  ["repo.created,repo.forked,repo.imported,repo.renamed,repo.deleted,repo.restored,repo.expiring,repo.expired", "lives of repositories"],
  ["repo.updated,namespace.updated,namespace.audited", "settings"],
  ["repo.token.*,namespace.token.*", "tokens"],
  ["repo.overridden,repo.purged,webhook.disabled", "overrides, purges, webhooks switched off"],
];

/** The events of a namespace or a repository, as they come; newest first. */
export function Events({ where }: ViewProperties) {
  const [types, setTypes] = useState("");
  return (
    <>
      <div class="bar filters">
        <Choice label="Which" value={types} change={setTypes} options={TYPES} />
      </div>
      <Feed key={types} where={where} types={types} />
    </>
  );
}

function Feed({ where, types }: Pick<ViewProperties, "where"> & { types: string }) {
  const { events, error, isLoading, earlier } = useFeed(where, types);
  return (
    <>
      {error && <Failure error={error} />}
      <ol class="card events" aria-label="Events" aria-busy={isLoading} aria-live="polite">
        {events.map((event) => (
          <Row key={event.metadata.eventId} event={event} />
        ))}
      </ol>
      {events.length === 0 && !isLoading && !error && <p class="message">Nothing has happened yet. What happens appears here.</p>}
      <More more={earlier} isLoading={isLoading} />
    </>
  );
}

function Row({ event: { type, source, actor, metadata, payload } }: { event: Event }) {
  const { namespace, repoName } = source;
  return (
    <li>
      <details class="told">
        <summary>
          <strong>{type.replace(/^cairn\./, "")}</strong> {aboutOf(payload)}{" "}
          <span class="quiet">
            {actor.label ?? actor.kind}, <Time at={metadata.eventTimestamp} />
          </span>
        </summary>
        <Told value={payload} />
      </details>
      {repoName && <a href={runHref({ namespace, repo: repoName })}>{repoName}</a>}
    </li>
  );
}

/** The subject of the event, where its payload names it in a word. */
function aboutOf({ ref, action, label, changes }: Record<string, unknown>): string {
  if (typeof ref === "string") return shortName(ref);
  if (typeof changes === "object" && changes) return Object.keys(changes).join(", ");
  return String(action ?? label ?? "");
}

import type { Conflict } from "./api";

const SHOWN_MAX = 50;

const KINDS: Record<Conflict["kind"], string> = {
  content: "both changed the same lines",
  add_add: "both added it, with other contents",
  binary: "both changed it, and it is no text",
  too_large: "too large to be merged line by line",
  modify_delete: "one changed it, the other deleted it",
  rename_rename: "both renamed it, to other names",
  rename_delete: "one renamed it, the other deleted it",
  rename_collides: "a renamed file is in the way",
  file_directory: "a file on one side, a directory on the other",
  distinct_types: "things of different types",
  submodule: "a submodule at other commits",
  directory_rename_split: "its directory was renamed to several",
  directory_rename_collision: "files of renamed directories meet",
  directory_rename_in_the_way: "something is in the way of a renamed directory",
  directory_rename_suggested: "its directory was renamed meanwhile",
};

/** The conflicts of a merge, each path with the reason and, for a text, both sides between markers. */
export function Conflicts({ conflicts, total }: { conflicts: Conflict[]; total: number }) {
  return (
    <section aria-label="Conflicts">
      <p>
        {total === 1 ? "One conflict" : `${total} conflicts`}. Nothing was changed.
        {total > SHOWN_MAX && ` The first ${SHOWN_MAX} are shown.`}
      </p>
      {conflicts.slice(0, SHOWN_MAX).map(({ path, kind, paths, content, contentTruncated }, at) => (
        <details key={path + kind} class="card file conflict" open={at === 0}>
          <summary>
            <span class="path">{path}</span>
            <span class="quiet">{KINDS[kind] ?? kind}</span>
          </summary>
          {paths && paths.length > 0 && <p class="tip quiet">With {paths.join(", ")}</p>}
          {content ? (
            <pre class="plain" tabIndex={0} aria-label={`${path} with conflict markers`}>
              {content}
            </pre>
          ) : (
            <p class="message">There is no text to show.</p>
          )}
          {contentTruncated && <p class="tip quiet">The rest is left out.</p>}
        </details>
      ))}
    </section>
  );
}

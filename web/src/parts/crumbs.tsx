import { type Place, hrefOf, isId, shortName } from "../place";

/** The ref that is shown, and the way down to a path; each part leads there. */
export function Crumbs({ place }: { place: Place }) {
  const { ref, path } = place;
  const parts = path.split("/").filter(Boolean);
  const above = parts.map((_, at) => parts.slice(0, at + 1).join("/"));
  return (
    <nav class="crumbs" aria-label="Path">
      <a class="ref" href={hrefOf({ ...place, view: "refs", path: "" })} title="Other branches and tags">
        {isId(ref) ? ref.slice(0, 10) : shortName(ref) || "HEAD"}
      </a>
      <a href={hrefOf({ ...place, view: "tree", path: "" })}>{place.repo}</a>
      {parts.map((part, at) => (
        <span key={above[at]}>
          <span class="slash">/</span>
          {at === parts.length - 1 ? (
            <strong>{part}</strong>
          ) : (
            <a href={hrefOf({ ...place, view: "tree", path: above[at] ?? "" })}>{part}</a>
          )}
        </span>
      ))}
    </nav>
  );
}

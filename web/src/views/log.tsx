import { log } from "../api";
import { usePages } from "../data";
import { Crumbs } from "../parts/crumbs";
import { Commits } from "../parts/commits";
import { Failure } from "../parts/failure";
import { Loaded, More } from "../parts/waiting";
import type { Place } from "../place";

const PER_PAGE = 50;

/** The history of a ref, or of a path on it. */
export function Log({ place }: { place: Place }) {
  const commits = usePages(`log ${place.ref} ${place.path}`, (cursor, init) => log(place, cursor, PER_PAGE, init));
  return (
    <>
      <div class="bar">
        <Crumbs place={place} />
      </div>
      <Loaded data={commits}>{(list) => <Commits place={place} commits={list} />}</Loaded>
      {commits.value && commits.error && <Failure error={commits.error} />}
      <More more={commits.more} isLoading={commits.isLoading && commits.value !== undefined} />
    </>
  );
}

import { EMPTY_TREE, ROUTE, client, names, page } from "../api";
import type { Place } from "../place";

const PATHS_PER_REQUEST = 20;

/** Which of these paths a commit has, or has something below: these differ from the empty tree. */
export async function existing(place: Place, head: string | null, paths: string[]): Promise<Set<string>> {
  const found = new Set<string>();
  if (head === null) return found;
  for (let at = 0; at < paths.length; at += PATHS_PER_REQUEST) {
    const query = { base: EMPTY_TREE, head, path: paths.slice(at, at + PATHS_PER_REQUEST), context: 0 };
    const answer = await client.GET(`${ROUTE}/diff`, { params: { path: names(place), query } });
    for (const { path } of page(answer).result.files) found.add(path);
  }
  return found;
}

/** Throws if a commit has something at a path, which a change to that path would replace. */
export async function checkFree(place: Place, head: string | null, path: string): Promise<void> {
  const found = await existing(place, head, [path]);
  if (found.size > 0) throw new Error(`There is something at ${path} already. Choose another path.`);
}

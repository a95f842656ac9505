// The tab keeps a draft, so that no link, no step back and no reload loses it.

import type { Place } from "../place";

export interface Draft {
  /** The commit that the text began from. */
  head: string | null;
  path: string;
  text: string;
}

const keyOf = ({ namespace, repo, view, ref, path }: Place) => `draft ${JSON.stringify([namespace, repo, view, ref, path])}`;

export function draftOf(place: Place): Draft | undefined {
  const kept = sessionStorage.getItem(keyOf(place));
  return kept === null ? undefined : JSON.parse(kept);
}

export function keepDraft(place: Place, draft: Draft): void {
  try {
    sessionStorage.setItem(keyOf(place), JSON.stringify(draft));
  } catch {
    // The browser's room for drafts is full: the page still asks before it is closed.
  }
}

export function forgetDraft(place: Place): void {
  sessionStorage.removeItem(keyOf(place));
}

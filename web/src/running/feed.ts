import { useEffect, useState } from "preact/hooks";

import { Refusal, client } from "../api";
import { type Event, type Owner, pathOf, routeOf } from "./api";

const PER_PAGE = 50;
const WAIT_SECONDS = 25;
const PAUSE_MS = 5_000;

interface Feed {
  /** Newest first. */
  events: Event[];
  error?: Error | undefined;
  isLoading: boolean;
  earlier: (() => void) | undefined;
}

/** A feed from its newest page on; then it waits for more, as long as somebody looks at the page. */
export function useFeed(owner: Owner, types: string): Feed {
  const [events, setEvents] = useState<Event[]>([]);
  const [first, setFirst] = useState({ after: 0, oldest: 1 });
  const [isLoading, setLoading] = useState(true);
  const [error, setError] = useState<Error>();
  const failed = (error: unknown) => {
    setError(error as Error);
    setLoading(false);
  };
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    const follow = async () => {
      const { newest, oldest } = await boundsOf(owner, signal);
      let after = Math.max(newest - PER_PAGE, oldest - 1);
      setFirst({ after, oldest });
      for (let wait = 0; ; wait = WAIT_SECONDS) {
        const { list, info } = await asked(() => ask(owner, types, { after, limit: PER_PAGE, wait }, signal), setError);
        after = info.after;
        setEvents((old) => [...list.reverse(), ...old]);
        setError(undefined);
        setLoading(false);
        await seen(signal);
      }
    };
    follow().catch((error) => !signal.aborted && failed(error));
    return () => ending.abort();
  }, [owner.namespace, owner.repo, types]);
  const earlier = async () => {
    const begin = Math.max(first.after - PER_PAGE, first.oldest - 1);
    setLoading(true);
    const found: Event[] = [];
    for (let after = begin; after < first.after; ) {
      // An answer has about a MiB at most, so that one page may take several.
      const { list, info } = await ask(owner, types, { after, limit: first.after - after });
      found.push(...list.filter((event) => placeOf(owner, event) <= first.after));
      after = info.after;
    }
    setEvents((old) => [...old, ...found.reverse()]);
    setFirst({ ...first, after: begin });
    setLoading(false);
  };
  const isMore = first.after >= first.oldest;
  return { events, error, isLoading, earlier: isMore ? () => void earlier().catch(failed) : undefined };
}

/** An event's place in the order of the feed. */
function placeOf({ repo }: Owner, { metadata: { sequence, namespaceSequence } }: Event): number {
  return repo ? sequence : (namespaceSequence ?? 0);
}

interface Bounds {
  newest: number;
  oldest: number;
}

interface Query {
  after: number;
  limit: number;
  wait?: number;
}

async function ask(owner: Owner, types: string, query: Query, signal?: AbortSignal) {
  const params = { path: pathOf(owner), query: types ? { ...query, types } : query };
  const { data, ...answer } = await client.GET(routeOf(owner, "/events"), { params, signal: signal ?? null });
  // Text would be a stream, which is not asked for here.
  if (!data || typeof data === "string") throw new Refusal(answer.response.status, answer.error?.errors[0]);
  return { list: data.result, info: data.result_info };
}

// Which events the feed has. Where the first ones were removed, the refusal says it.
async function boundsOf(owner: Owner, signal: AbortSignal): Promise<Bounds> {
  try {
    return (await ask(owner, "", { after: 0, limit: 1 }, signal)).info;
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 410) throw error;
    return error.details as unknown as Bounds;
  }
}

// Asks until there is an answer: a server that is busy or away is asked again, one that refuses is not.
async function asked<T>(ask: () => Promise<T>, tell: (error: Error) => void): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const isRefused = error instanceof Refusal && error.status < 500 && error.status !== 429;
      if (isRefused || (error as Error).name === "AbortError") throw error;
      tell(error as Error);
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  }
}

// Waits until the page is looked at: a reader that waits keeps an object awake.
async function seen(signal: AbortSignal): Promise<void> {
  if (document.visibilityState === "visible") return;
  await new Promise<void>((done) => {
    addEventListener("visibilitychange", () => done(), { once: true, signal });
  });
  await seen(signal);
}

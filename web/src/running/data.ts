import { useEffect, useRef, useState } from "preact/hooks";

import { type Page, Refusal } from "../api";
import type { Data } from "../data";

type Init = { signal: AbortSignal };

/** The answer, and a way to ask again. */
export interface Kept<T> extends Data<T> {
  again: () => void;
}

/**
 * Loads whenever `key` changes. The old answer stays while it is loaded again: by `again`, and every so many
 * milliseconds as long as `every` says so and somebody looks at the page.
 */
export function useKept<T>(key: string, load: (init: Init) => Promise<T>, every?: (value: T) => number): Kept<T> {
  const [data, setData] = useState<Data<T> & { key: string }>({ key, isLoading: true });
  const [turn, setTurn] = useState(0);
  const again = () => setTurn((old) => old + 1);
  useEffect(() => {
    const ending = new AbortController();
    const keep = (told: Partial<Data<T>>) => {
      if (ending.signal.aborted) return;
      setData((old) => ({ key, value: old.key === key ? old.value : undefined, ...told, isLoading: false }));
    };
    load({ signal: ending.signal }).then(
      (value) => keep({ value, error: undefined }),
      (error: Error) => keep({ error }),
    );
    return () => ending.abort();
  }, [key, turn]);
  const isCurrent = data.key === key;
  // A page that is gone does not come back.
  const isGone = data.error instanceof Refusal && data.error.status === 404;
  const pause = isCurrent && data.value !== undefined && !isGone ? every?.(data.value) : undefined;
  useEffect(() => {
    if (!pause) return undefined;
    const timer = setInterval(() => document.visibilityState === "visible" && again(), pause);
    return () => clearInterval(timer);
  }, [key, pause]);
  return { ...(isCurrent ? data : { isLoading: true }), again };
}

/**
 * A list that comes in pages, with the cursor of the next one, and a way to load it again from its
 * beginning.
 */
export interface List<T> {
  rows?: T[];
  error?: Error;
  isLoading: boolean;
  more?: () => void;
  again: () => void;
}

/** Loads the first page whenever `key` changes. The rows before it stay until that is here. */
export function useList<T>(key: string, load: (cursor: string, init: Init) => Promise<Page<T[]>>): List<T> {
  const [list, setList] = useState<{ rows?: T[]; cursor: string; error?: Error; isLoading: boolean }>({
    cursor: "",
    isLoading: true,
  });
  const underWay = useRef<AbortController | undefined>(undefined);
  const ask = (cursor: string) => {
    underWay.current?.abort();
    const own = new AbortController();
    underWay.current = own;
    setList((old) => ({ ...old, error: undefined, isLoading: true }));
    load(cursor, { signal: own.signal }).then(
      ({ result, cursor: next }) => {
        if (own.signal.aborted) return;
        setList((old) => ({ rows: cursor ? [...(old.rows ?? []), ...result] : result, cursor: next, isLoading: false }));
      },
      (error: Error) => !own.signal.aborted && setList((old) => ({ ...old, error, isLoading: false })),
    );
  };
  useEffect(() => {
    ask("");
    return () => underWay.current?.abort();
  }, [key]);
  const { rows, cursor, error, isLoading } = list;
  return { rows, error, isLoading, more: cursor ? () => ask(cursor) : undefined, again: () => ask("") };
}

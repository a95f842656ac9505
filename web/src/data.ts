import { useEffect, useState } from "preact/hooks";

import type { Page } from "./api";

/** A question to the server: under way, here, or refused. */
export interface Data<T> {
  value?: T;
  error?: Error;
  isLoading: boolean;
}

/** Loads whenever `key` changes, and ends the request of an older key. */
export function useData<T>(key: string, load: (init: { signal: AbortSignal }) => Promise<T>): Data<T> {
  const [data, setData] = useState<Data<T> & { key: string }>({ key, isLoading: true });
  useEffect(() => {
    const ending = new AbortController();
    setData({ key, isLoading: true });
    load({ signal: ending.signal })
      .then((value) => !ending.signal.aborted && setData({ key, value, isLoading: false }))
      .catch((error: Error) => !ending.signal.aborted && setData({ key, error, isLoading: false }));
    return () => ending.abort();
  }, [key]);
  return data.key === key ? data : { isLoading: true };
}

/** A list that comes in pages, with the cursor of the next one. */
export interface Pages<T> extends Data<T[]> {
  more?: () => void;
}

/** Loads the first page whenever `key` changes, and the next one when asked. */
export function usePages<T>(
  key: string,
  load: (cursor: string, init: { signal: AbortSignal }) => Promise<Page<T[]>>,
): Pages<T> {
  const [cursors, setCursors] = useState({ key, list: [""] });
  const [items, setItems] = useState<{ key: string; list: T[] }>({ key, list: [] });
  const asked = cursors.key === key ? cursors.list : [""];
  const cursor = asked[asked.length - 1] ?? "";
  const last = useData(`${key}\n${cursor}`, async (init) => {
    const page = await load(cursor, init);
    setItems((old) => ({ key, list: old.key === key && cursor ? [...old.list, ...page.result] : page.result }));
    return page;
  });
  const next = last.value?.cursor ?? "";
  return {
    value: items.key === key && (items.list.length > 0 || !last.isLoading) ? items.list : undefined,
    error: last.error,
    isLoading: last.isLoading,
    more: next ? () => setCursors({ key, list: [...asked, next] }) : undefined,
  };
}

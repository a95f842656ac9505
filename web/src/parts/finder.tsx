import { useLocation } from "preact-iso";
import { useEffect, useRef, useState } from "preact/hooks";

import { search } from "../api";
import { useData } from "../data";
import { type Place, hrefOf } from "../place";

/** "Go to file": opened by the key `t`. */
export function Finder({ place }: { place: Place }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const open = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof Element && event.target.closest("input, textarea, select, dialog");
      if (event.key !== "t" || event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
      event.preventDefault();
      dialog.current?.showModal();
    };
    addEventListener("keydown", open);
    return () => removeEventListener("keydown", open);
  }, []);
  return (
    <dialog ref={dialog} class="finder" aria-label="Go to file">
      <Typed place={place} close={() => dialog.current?.close()} />
    </dialog>
  );
}

function Typed({ place, close }: { place: Place; close: () => void }) {
  const { route } = useLocation();
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(0);
  const found = useData(`${place.ref}\n${typed}`, async (init) =>
    typed ? (await search(place, typed, init)).result : [],
  );
  const files = found.value ?? [];
  const go = (path: string | undefined) => {
    if (!path) return;
    close();
    route(hrefOf({ ...place, view: "file", path }));
  };
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setChosen((old) => Math.max(0, Math.min(files.length - 1, old + step)));
    else if (event.key === "Enter") go(files[chosen]?.name);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        type="search"
        placeholder="Go to file"
        aria-label="Letters of a path"
        autoFocus
        value={typed}
        onInput={(event) => (setTyped(event.currentTarget.value), setChosen(0))}
        onKeyDown={keys}
      />
      <ul role="listbox" aria-label="Files">
        {files.map(({ name }, at) => (
          <li key={name} role="option" aria-selected={at === chosen} onClick={() => go(name)}>
            {name}
          </li>
        ))}
      </ul>
    </>
  );
}

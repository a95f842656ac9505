import { useEffect, useMemo, useRef } from "preact/hooks";

import { bytes, rawUrl } from "../api";
import { useData } from "../data";
import { type Pictured, rendered } from "../markdown";
import { type Place, hrefOf } from "../place";
import { draw, isSvg } from "../svg";
import { Loaded } from "./waiting";

const README_BYTES_MAX = 1 << 20;

/** The entry that a directory is introduced by. */
export function readmeOf(names: string[]): string | undefined {
  const order = [/^readme\.(md|markdown)$/i, /^readme(\.(txt|rst|adoc))?$/i];
  return order.flatMap((form) => names.find((name) => form.test(name)) ?? [])[0];
}

/** A README below the entries of its directory. `place` names that directory at a commit. */
export function Readme({ place, name }: { place: Place; name: string }) {
  const path = place.path ? `${place.path}/${name}` : name;
  const text = useData(`readme ${place.ref} ${path}`, async (init) => decode(await bytes(place, path, init)));
  return (
    <section class="card" aria-label={name}>
      <p class="tip">
        <a href={hrefOf({ ...place, view: "file", path })}>{name}</a>
      </p>
      <Loaded data={text}>{(text) => <Text place={place} name={name} text={text} />}</Loaded>
    </section>
  );
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, README_BYTES_MAX));
}

function Text({ place, name, text }: { place: Place; name: string; text: string }) {
  return /\.(md|markdown)$/i.test(name) ? <Markdown place={place} text={text} /> : <pre class="plain">{text}</pre>;
}

/** Markdown as a document. Its links and images are meant from where it lies, so they lead there. */
export function Markdown({ place, text }: { place: Place; text: string }) {
  const html = useMemo(
    () => rendered(text, (url) => linked(place, url), (url) => pictured(place, url)),
    [text, place.ref, place.path],
  );
  const prose = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const ending = new AbortController();
    if (prose.current) draw(prose.current, place, { signal: ending.signal });
    return () => ending.abort();
  }, [html]);
  return <div ref={prose} class="prose" dangerouslySetInnerHTML={{ __html: html }} />;
}

// For a link inside the repository.
function linked(place: Place, url: string): string {
  const { path, rest } = resolved(place, url);
  if (path === undefined) return url;
  return `${hrefOf({ ...place, view: path.endsWith("/") || path === "" ? "tree" : "file", path })}${rest}`;
}

function pictured(place: Place, url: string): Pictured {
  const { path } = resolved(place, url);
  if (path === undefined) return { elsewhere: url };
  return isSvg(path) ? { svg: path } : { url: rawUrl(place, path) };
}

// The path in the repository that a relative URL means; none of an absolute one or of a fragment.
function resolved(place: Place, url: string): { path?: string; rest: string } {
  if (/^([a-z][a-z0-9+.-]*:|\/\/|#)/i.test(url)) return { rest: "" };
  const base = `x://x/${place.path ? `${place.path}/` : ""}`;
  if (!URL.canParse(url, base)) return { rest: "" };
  const { pathname, hash } = new URL(url, base);
  return { path: decodeURIComponent(pathname.slice(1)), rest: hash };
}

import { bytes, rawUrl } from "../api";
import { useData } from "../data";
import { useMayWrite } from "../may";
import { Crumbs } from "../parts/crumbs";
import { Lines } from "../parts/lines";
import { Markdown } from "../parts/readme";
import { sizeOf } from "../parts/size";
import { Loaded } from "../parts/waiting";
import { type Place, hrefOf } from "../place";
import { isSvg, svgUrl } from "../svg";

const IMAGE = /\.(png|jpe?g|gif|webp|avif|bmp|ico)$/i;
const SHOWN_BYTES_MAX = 8 << 20;
const PROBED_BYTES = 8_000;

/** A file: its lines, its picture, or that it is neither. */
export function File({ place }: { place: Place }) {
  const { path } = place;
  const content = useData(`file ${place.ref} ${path}`, (init) => bytes(place, path, init));
  const isSource = location.search === "?plain";
  return (
    <>
      <div class="bar">
        <Crumbs place={place} />
        <Actions place={place} />
      </div>
      <section class="card">
        <Loaded data={content}>
          {(content) => (
            <>
              <p class="tip quiet">{sizeOf(content.length)}</p>
              <Content place={place} content={content} isSource={isSource} />
            </>
          )}
        </Loaded>
      </section>
    </>
  );
}

function Actions({ place }: { place: Place }) {
  const raw = rawUrl(place, place.path);
  const name = place.path.split("/").pop() ?? "";
  const mayWrite = useMayWrite(place);
  return (
    <span class="actions">
      {mayWrite && (
        <>
          <a href={hrefOf({ ...place, view: "edit" })}>Edit</a>
          <a href={hrefOf({ ...place, view: "move" })}>Move</a>
          <a href={hrefOf({ ...place, view: "delete" })}>Delete</a>
        </>
      )}
      {(isMarkdown(place.path) || isSvg(place.path)) && <a href="?plain">Source</a>}
      <a href={hrefOf({ ...place, view: "blame" })}>Blame</a>
      <a href={hrefOf({ ...place, view: "log" })}>History</a>
      <a href={raw} target="_self">
        Raw
      </a>
      <a href={raw} download={name}>
        Download
      </a>
    </span>
  );
}

function Content({ place, content, isSource }: { place: Place; content: Uint8Array; isSource: boolean }) {
  const { path } = place;
  if (IMAGE.test(path)) return <Picture path={path} content={content} />;
  if (isSvg(path) && !isSource) {
    const url = svgUrl(content);
    if (url) return <Drawing path={path} url={url} />;
  }
  if (content.subarray(0, PROBED_BYTES).includes(0)) return <p class="message">A binary file.</p>;
  if (content.length > SHOWN_BYTES_MAX) return <p class="message">This file is too large to be shown: download it.</p>;
  const text = new TextDecoder().decode(content);
  const folder = path.split("/").slice(0, -1).join("/");
  if (isMarkdown(path) && !isSource) return <Markdown place={{ ...place, path: folder }} text={text} />;
  return <Lines path={path} text={text} />;
}

function isMarkdown(path: string): boolean {
  return /\.(md|markdown)$/i.test(path);
}

// The server gives every file a type that no browser shows, so the picture is made here.
function Picture({ path, content }: { path: string; content: Uint8Array }) {
  const type = `image/${(path.split(".").pop() ?? "").toLowerCase().replace("jpg", "jpeg").replace("ico", "x-icon")}`;
  const url = URL.createObjectURL(new Blob([new Uint8Array(content)], { type }));
  return (
    <p class="picture">
      <img src={url} alt={path} onLoad={() => URL.revokeObjectURL(url)} />
    </p>
  );
}

function Drawing({ path, url }: { path: string; url: string }) {
  return (
    <p class="picture">
      <img src={url} alt={path} />
    </p>
  );
}

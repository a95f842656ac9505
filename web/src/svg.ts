import type { Place } from "./place";
import { bytes } from "./api";

const BYTES_MAX = 2 << 20;

/** Whether a file is a drawing in SVG. */
export function isSvg(path: string): boolean {
  return /\.svg$/i.test(path);
}

/**
 * A drawing as the URL of an `img`, in which no browser runs a script or loads anything. Even opened by
 * itself it has no origin; one made of a blob would have ours. The server gives the file a type that no
 * browser draws.
 */
export function svgUrl(content: Uint8Array): string | undefined {
  if (content.length > BYTES_MAX) return undefined;
  return `data:image/svg+xml,${encodeURIComponent(new TextDecoder().decode(content))}`;
}

/** Draws the parts that `rendered` left out: pictures in SVG, by their paths in the repository. */
export async function draw(within: Element, place: Place, init: { signal: AbortSignal }): Promise<void> {
  const pictures = [...within.querySelectorAll<HTMLImageElement>("img[data-svg]")];
  await Promise.allSettled(
    pictures.map(async (picture) => {
      const url = svgUrl(await bytes(place, picture.dataset.svg ?? "", init));
      if (url && !init.signal.aborted) picture.src = url;
    }),
  );
}

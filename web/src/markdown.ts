import DOMPurify from "dompurify";
import { marked } from "marked";

type Change = (url: string) => string;

/** Where a picture is: at a URL of this server, in a file that is yet to be drawn, or elsewhere. */
export type Pictured = { url: string } | { svg: string } | { elsewhere: string };

/** The HTML of a Markdown text, without anything that runs, loads from elsewhere or looks like our own page. */
export function rendered(text: string, link: Change, pictured: (url: string) => Pictured): string {
  const html = marked.parse(text, { async: false, gfm: true });
  const fragment = DOMPurify.sanitize(html, {
    RETURN_DOM_FRAGMENT: true,
    USE_PROFILES: { html: true },
    FORBID_TAGS: ["style", "form", "input", "button", "select", "textarea", "video", "audio", "source", "dialog"],
    ALLOW_DATA_ATTR: false,
    FORBID_ATTR: ["style", "class", "srcset", "name"],
    SANITIZE_NAMED_PROPS: true,
  });
  for (const anchor of fragment.querySelectorAll("a[href]")) {
    anchor.setAttribute("href", link(anchor.getAttribute("href") ?? ""));
    anchor.setAttribute("rel", "nofollow noopener noreferrer");
  }
  for (const image of fragment.querySelectorAll("img")) {
    const picture = pictured(image.getAttribute("src") ?? "");
    if ("url" in picture) image.setAttribute("src", picture.url);
    else if ("svg" in picture) {
      image.removeAttribute("src");
      image.dataset.svg = picture.svg;
    }
    // A picture of another host would tell it who reads this page, and the policy does not let it in.
    else image.replaceWith(elsewhere(picture.elsewhere, image.getAttribute("alt") ?? ""));
    image.setAttribute("loading", "lazy");
  }
  const holder = document.createElement("div");
  holder.append(fragment);
  return holder.innerHTML;
}

function elsewhere(url: string, alt: string): Node {
  const text = document.createElement("span");
  text.textContent = alt || "image";
  text.title = url;
  return text;
}

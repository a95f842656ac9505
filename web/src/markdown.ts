import DOMPurify from "dompurify";
import { marked } from "marked";

type Change = (url: string) => string;

/** The HTML of a Markdown text, without anything that runs, loads from elsewhere or looks like our own page. */
export function rendered(text: string, link: Change, picture: Change): string {
  const html = marked.parse(text, { async: false, gfm: true });
  const fragment = DOMPurify.sanitize(html, {
    RETURN_DOM_FRAGMENT: true,
    USE_PROFILES: { html: true },
    FORBID_TAGS: ["style", "form", "input", "button", "select", "textarea", "video", "audio", "source", "dialog"],
    FORBID_ATTR: ["style", "class", "srcset", "name"],
    SANITIZE_NAMED_PROPS: true,
  });
  for (const anchor of fragment.querySelectorAll("a[href]")) {
    anchor.setAttribute("href", link(anchor.getAttribute("href") ?? ""));
    anchor.setAttribute("rel", "nofollow noopener noreferrer");
  }
  for (const image of fragment.querySelectorAll("img")) {
    const url = picture(image.getAttribute("src") ?? "");
    if (url.startsWith("/api/")) image.setAttribute("src", url);
    // A picture of another host would tell it who reads this page, and the policy does not let it in.
    else image.replaceWith(elsewhere(url, image.getAttribute("alt") ?? ""));
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

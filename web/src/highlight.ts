import type { HLJSApi, LanguageFn } from "highlight.js";

// Above so many characters a browser would stop for too long.
const CHARACTERS_MAX = 400_000;

const load = {
  bash: () => import("highlight.js/lib/languages/bash"),
  c: () => import("highlight.js/lib/languages/c"),
  cpp: () => import("highlight.js/lib/languages/cpp"),
  csharp: () => import("highlight.js/lib/languages/csharp"),
  css: () => import("highlight.js/lib/languages/css"),
  dockerfile: () => import("highlight.js/lib/languages/dockerfile"),
  elixir: () => import("highlight.js/lib/languages/elixir"),
  go: () => import("highlight.js/lib/languages/go"),
  haskell: () => import("highlight.js/lib/languages/haskell"),
  ini: () => import("highlight.js/lib/languages/ini"),
  java: () => import("highlight.js/lib/languages/java"),
  javascript: () => import("highlight.js/lib/languages/javascript"),
  json: () => import("highlight.js/lib/languages/json"),
  kotlin: () => import("highlight.js/lib/languages/kotlin"),
  lua: () => import("highlight.js/lib/languages/lua"),
  makefile: () => import("highlight.js/lib/languages/makefile"),
  markdown: () => import("highlight.js/lib/languages/markdown"),
  perl: () => import("highlight.js/lib/languages/perl"),
  php: () => import("highlight.js/lib/languages/php"),
  python: () => import("highlight.js/lib/languages/python"),
  ruby: () => import("highlight.js/lib/languages/ruby"),
  rust: () => import("highlight.js/lib/languages/rust"),
  scala: () => import("highlight.js/lib/languages/scala"),
  sql: () => import("highlight.js/lib/languages/sql"),
  swift: () => import("highlight.js/lib/languages/swift"),
  typescript: () => import("highlight.js/lib/languages/typescript"),
  xml: () => import("highlight.js/lib/languages/xml"),
  yaml: () => import("highlight.js/lib/languages/yaml"),
} satisfies Record<string, () => Promise<{ default: LanguageFn }>>;

type Language = keyof typeof load;

const BY_EXTENSION: Record<string, Language> = {
  sh: "bash", bash: "bash", zsh: "bash", c: "c", h: "c", cc: "cpp", cpp: "cpp", cxx: "cpp", hpp: "cpp", hh: "cpp",
  cs: "csharp", css: "css", scss: "css", ex: "elixir", exs: "elixir", go: "go", hs: "haskell", toml: "ini", ini: "ini",
  cfg: "ini", java: "java", js: "javascript", mjs: "javascript", cjs: "javascript", jsx: "javascript", json: "json",
  kt: "kotlin", kts: "kotlin", lua: "lua", mk: "makefile", md: "markdown", pl: "perl", pm: "perl", php: "php",
  py: "python", rb: "ruby", rs: "rust", scala: "scala", sql: "sql", swift: "swift", ts: "typescript", mts: "typescript",
  tsx: "typescript", html: "xml", htm: "xml", xml: "xml", svg: "xml", vue: "xml", yml: "yaml", yaml: "yaml",
};
const BY_NAME: Record<string, Language> = { Makefile: "makefile", Dockerfile: "dockerfile", Rakefile: "ruby", Gemfile: "ruby" };

let core: Promise<HLJSApi> | undefined;

/** The lines of a text as HTML with highlighting; nothing if its language is not known or it is too long. */
export async function highlighted(path: string, text: string): Promise<string[] | undefined> {
  const name = path.split("/").pop() ?? "";
  const language = BY_NAME[name] ?? BY_EXTENSION[name.split(".").pop()?.toLowerCase() ?? ""];
  if (!language || text.length > CHARACTERS_MAX) return undefined;
  core ??= import("highlight.js/lib/core").then((module) => module.default);
  const [engine, definition] = await Promise.all([core, load[language]()]);
  if (!engine.getLanguage(language)) engine.registerLanguage(language, definition.default);
  return linesOf(engine.highlight(text, { language, ignoreIllegals: true }).value);
}

// A span may reach over lines: it ends at the end of each and begins again on the next.
function linesOf(html: string): string[] {
  const open: string[] = [];
  return html.split("\n").map((line) => {
    const before = open.join("");
    for (const [tag] of line.matchAll(/<span[^>]*>|<\/span>/g)) {
      if (tag === "</span>") open.pop();
      else open.push(tag);
    }
    return before + line + "</span>".repeat(open.length);
  });
}

// bundle.mjs <folder> <unwind|abort>: makes one `index.js` of the glue and of cairn-bindgen's files in the
// folder.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { buildSync } from "esbuild";

const [folder, panic] = process.argv.slice(2);
const glue = join(dirname(fileURLToPath(import.meta.url)), "glue", "worker.mjs");

const { outputFiles } = buildSync({
  stdin: { contents: readFileSync(glue, "utf8"), resolveDir: resolve(folder), sourcefile: glue },
  define: { UNWINDS: String(panic === "unwind") },
  external: ["./index_bg.wasm", "cloudflare:*"],
  bundle: true,
  format: "esm",
  minify: true,
  write: false,
});
// workerd gives a compiled module for a plain import, and does not know `import source`.
const script = outputFiles[0].text.replaceAll("import source ", "import ");
writeFileSync(join(folder, "index.js"), script);
rmSync(join(folder, "snippets"), { recursive: true, force: true });

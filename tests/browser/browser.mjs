// A real Chromium for tests of pages. scripts/install-clients.sh puts it into $CAIRN_CLIENTS/browser.
//
// `open()` gives a browser of playwright-core (https://playwright.dev/docs/api/class-browser). Do not have it
// intercept requests (`page.route`): it would answer preflights itself. `serve()` is a site of your own.

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";

const folder = join(process.env.CAIRN_CLIENTS, "browser");
const require = createRequire(join(folder, "package.json"));

// Starts the browser. Its user has no rights to lose here: without a sandbox it runs as root too, and in
// containers. It keeps all rules of pages: CORS stays on.
export async function open() {
  const { chromium } = require("playwright-core");
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: join(folder, "lib"),
    // The browser's own configuration names folders that no machine has. Without any font it loads none of a page either.
    FONTCONFIG_FILE: join(import.meta.dirname, "fonts.conf"),
    XDG_DATA_HOME: join(folder, "fonts"),
    XDG_CACHE_HOME: join(folder, "cache"),
  };
  try {
    return await chromium.launch({
      executablePath: join(folder, "chromium"),
      chromiumSandbox: false,
      args: ["--disable-gpu", "--no-zygote"],
      env,
    });
  } catch (error) {
    throw new Error(`Chromium does not run on this machine: ${error.message}`);
  }
}

// Serves pages and scripts, given by path, on this port of the machine. Pages of `http://localhost:<port>` and of
// `http://127.0.0.1:<port>` are of two origins. Gives a function that ends it.
export async function serve(port, files) {
  const server = createServer(({ url }, answer) => {
    const type = url.endsWith(".js") ? "text/javascript" : "text/html";
    answer.writeHead(url in files ? 200 : 404, { "content-type": `${type}; charset=utf-8` });
    answer.end(files[url]);
  });
  await new Promise((ready) => server.listen(port, ready));
  return () => server.close();
}

// A module of this folder with all that it imports as one script, whose exports are in `cairn`.
export async function bundled(module) {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, module)],
    nodePaths: ["browser", "npm"].map((part) => join(process.env.CAIRN_CLIENTS, part, "node_modules")),
    bundle: true,
    define: { global: "globalThis" },
    format: "iife",
    globalName: "cairn",
    platform: "browser",
    write: false,
  });
  return outputFiles[0].text;
}

// The measure of Git LFS: a Worker of a few lines that pipes bodies to R2 and back, under the same workerd.
// It asks R2 for the same as Cairn does: to compare the SHA-256.
//
// Run by itself it serves: `plain.mjs <folder of state>`.

import { createWriteStream } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { cpuMs, serve, stop } from "./processes.mjs";

const OWN = fileURLToPath(import.meta.url);
const HOST = "127.0.0.1";

const SCRIPT = `
export default {
  async fetch(request, env) {
    const key = new URL(request.url).pathname.slice(1);
    if (request.method === "PUT") {
      await env.BUCKET.put(key, request.body, { sha256: key });
      return new Response();
    }
    const { body, size } = await env.BUCKET.get(key);
    return new Response(body, { headers: { "content-length": String(size) } });
  },
};`;

/** Starts it; it gets the same requests for objects as Cairn. */
export async function startPlain(scratch) {
  const child = serve(process.execPath, [OWN, join(scratch, "plain")], { stdio: ["pipe", "pipe", "pipe"] });
  child.stderr.pipe(createWriteStream(join(scratch, "plain.log")));
  for await (const line of createInterface({ input: child.stdout })) {
    child.stdout.resume();
    return {
      name: "plain",
      cpuMs: () => cpuMs([child.pid]),
      stop: () => stop(child),
      headers: {},
      uploadUrl: ({ oid }) => `${line}/${oid}`,
      downloadUrl: ({ oid }) => `${line}/${oid}`,
    };
  }
  throw new Error("the plain Worker does not start");
}

async function run(state) {
  const root = resolve(dirname(OWN), "..", "..");
  const require = createRequire(join(root, "node_modules/wrangler/package.json"));
  const { unstable_getMiniflareWorkerOptions: workerOptionsOf } = require("wrangler");
  const { Miniflare, Log, LogLevel, convertV4MiniflareOptions } = require("miniflare");
  const { workerOptions } = workerOptionsOf(join(root, "wrangler.toml"));
  const port = await freePort();
  const { compatibilityDate, compatibilityFlags } = workerOptions;
  const plain = {
    name: "plain",
    compatibilityDate,
    compatibilityFlags,
    modules: [{ type: "ESModule", path: "plain.mjs", contents: SCRIPT }],
    r2Buckets: { BUCKET: "plain" },
    unsafeDirectSockets: [{ host: HOST, port }],
  };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [plain],
      host: HOST,
      port: 0,
      cf: false,
      resourcePersistencePath: state,
      telemetry: { enabled: false },
      log: new Log(LogLevel.WARN),
    }),
  );
  await miniflare.ready;
  process.on("SIGTERM", () => miniflare.dispose().finally(() => process.exit(0)));
  console.log(`http://${HOST}:${port}`);
}

function freePort() {
  return new Promise((done) => {
    const probe = createServer();
    probe.listen({ host: HOST, port: 0 }, () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

if (process.argv[1] === OWN) await run(process.argv[2]);

// `node scripts/bench/cold.mjs`: the time from the start of workerd to the first answered `ls-remote`, beside
// Workers of a few lines that answer the same from a Durable Object, under the same workerd:
//
//   plain       five lines
//   plain+wasm  the same with an idle wasm of the size of Cairn's: the cost of any module as large
//   cairn       the built Worker
//
// workerd makes its isolates as it starts: it compiles the wasm and runs what stands at the top of the modules
// before it takes a request. So a start of the process has all that a fresh isolate does, and the same start of the
// process in each row. Rows take turns. The CPU is that of workerd's process until the answer is there.
//
// Environment: COLD_RUNS (9).

import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { startCairn } from "./cairn.mjs";
import { idleModule } from "./idle_module.mjs";
import { freePort } from "./http_backend.mjs";
import { serve, stop } from "./processes.mjs";

const OWN = fileURLToPath(import.meta.url);
const root = resolve(dirname(OWN), "..", "..");
const RUNS = Number(process.env.COLD_RUNS || 9);
const PATH = "git/bench/cold.git/info/refs?service=git-upload-pack";
const ANSWER_MS_MAX = 20_000;

const PLAIN = `
import { DurableObject } from "cloudflare:workers";
export class Refs extends DurableObject {
  fetch() { return new Response([...this.ctx.storage.sql.exec("SELECT 'refs' AS line")][0].line); }
}
export default { fetch: (request, { REFS }) => REFS.get(REFS.idFromName("cold")).fetch(request) };`;

if (process.argv[2] === "plain") await plain(process.argv[3], process.argv[4]);
else await measure();

async function measure() {
  const scratch = mkdtempSync(join(tmpdir(), "cairn-cold-"));
  process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
  // Miniflare starts this in place of workerd: it notes the time.
  const begun = join(scratch, "begun");
  const workerd = join(scratch, "workerd");
  const binary = join(root, "node_modules", "workerd", "bin", "workerd");
  writeFileSync(workerd, `#!/bin/bash\necho "$$ $EPOCHREALTIME" > ${begun}\nexec ${binary} "$@"\n`);
  chmodSync(workerd, 0o755);
  process.env.MINIFLARE_WORKERD_PATH = workerd;

  const wasm = join(root, "build", "index_bg.wasm");
  const idle = join(scratch, "idle.wasm");
  writeFileSync(idle, idleModule(statSync(wasm).size));
  const cairn = await startCairn(scratch);
  const { config } = await cairn.create("cold");
  await cairn.stop();
  const authorization = config.join(" ").match(/Authorization: (Bearer \S+)/)[1];

  const rows = [
    { name: "plain", child: (port) => started(["plain", String(port)]) },
    { name: "plain+wasm", child: (port) => started(["plain", String(port), idle]) },
    { name: "cairn", child: (port) => served(scratch, port) },
  ];
  for (const row of rows) row.samples = [];
  for (let run = 0; run < RUNS; run += 1) {
    for (const row of rows) {
      rmSync(begun, { force: true });
      const port = await freePort();
      const child = row.child(port);
      await answered(`http://127.0.0.1:${port}/${PATH}`, authorization);
      const at = Date.now();
      const [pid, seconds] = readFileSync(begun, "utf8").split(" ");
      row.samples.push({ ms: at - Number(seconds.replace(",", ".")) * 1000, cpu: cpuMs(pid) });
      await stop(child);
    }
  }
  console.log("| Worker | first answer, ms | CPU, ms | least ms | least CPU |\n|---|--:|--:|--:|--:|");
  for (const { name, samples } of rows) {
    const sorted = (field) => samples.map((sample) => sample[field]).sort((one, other) => one - other);
    const [ms, cpu] = [sorted("ms"), sorted("cpu")];
    const cells = [ms[RUNS >> 1], cpu[RUNS >> 1], ms[0], cpu[0]].map((value) => value.toFixed(0));
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
  process.exit(0);
}

function started(args) {
  return serve(process.execPath, [OWN, ...args], { stdio: ["pipe", "ignore", "inherit"] });
}

function served(scratch, port) {
  const env = {
    ...process.env,
    STATE: join(scratch, "cairn"),
    PORT: String(port),
    CAIRN_ADMIN_KEY: "0".repeat(48),
    CAIRN_SETTLE_SECONDS: "31536000",
  };
  const args = [join(root, "scripts", "serve.mjs"), "--until-stdin-closes"];
  return serve(process.execPath, args, { stdio: ["pipe", "ignore", "ignore"], env });
}

/** Asks until there is an answer. */
async function answered(url, authorization) {
  const until = Date.now() + ANSWER_MS_MAX;
  for (;;) {
    const answer = await fetch(url, { headers: { authorization } }).catch(() => undefined);
    const text = await answer?.text();
    if (answer?.ok && text) return;
    if (answer && !answer.ok) throw new Error(`${url}: ${answer.status} ${text}`);
    if (Date.now() > until) throw new Error(`${url} does not answer`);
    await new Promise((done) => setTimeout(done, 1));
  }
}

/** The CPU time of all threads of a process. */
function cpuMs(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  const used = (thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  return threads.reduce((sum, thread) => sum + used(thread), 0) / 1e6;
}

async function plain(port, wasm) {
  const require = createRequire(join(root, "node_modules/wrangler/package.json"));
  const { unstable_getMiniflareWorkerOptions: workerOptionsOf } = require("wrangler");
  const { Miniflare, Log, LogLevel, convertV4MiniflareOptions } = require("miniflare");
  const { compatibilityDate, compatibilityFlags } = workerOptionsOf(join(root, "wrangler.toml")).workerOptions;
  const withWasm = `import module from "./idle.wasm"; new WebAssembly.Instance(module);${PLAIN}`;
  const modules = [{ type: "ESModule", path: "plain.mjs", contents: wasm ? withWasm : PLAIN }];
  if (wasm) modules.push({ type: "CompiledWasm", path: "idle.wasm", contents: readFileSync(wasm) });
  const worker = {
    name: "plain",
    compatibilityDate,
    compatibilityFlags,
    modules,
    durableObjects: { REFS: { className: "Refs", useSQLite: true } },
    unsafeDirectSockets: [{ host: "127.0.0.1", port: Number(port) }],
  };
  const options = { workers: [worker], host: "127.0.0.1", port: 0, cf: false, telemetry: { enabled: false }, log: new Log(LogLevel.WARN) };
  const miniflare = new Miniflare(convertV4MiniflareOptions(options));
  await miniflare.ready;
  process.stdin.resume();
  process.stdin.on("end", () => miniflare.dispose().finally(() => process.exit(0)));
}

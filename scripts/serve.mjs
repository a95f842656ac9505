// Runs the built Worker in the foreground, under workerd, on 127.0.0.1.
//
// The bindings come from wrangler.toml by way of wrangler itself; their data lives below
// $STATE and is found again by the next start. Requests go from workerd's own socket
// straight into the Worker: no proxy in between buffers or recodes a pack.
//
// Environment: PORT (8787; 0 takes a free one), STATE (.cairn), CAIRN_ADMIN_KEY (else one
// is made and kept in $STATE/admin-key), CONFIG (wrangler.toml: the file whose bindings it has), CONSUMER
// (none: the wrangler.toml of another Worker beside it), CONSUMER_PORT (none: where that one
// listens), ENTRY (none: the module that workerd loads instead), and other CAIRN_* as variables of the Worker. For
// tests: with `--until-stdin-closes` the server also ends when its standard input does, so
// that it never outlives the run that started it; with `--discard-state` it removes $STATE
// as it ends.

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const HOST = "127.0.0.1";
// The Worker that has the files of the pages.
const ASSETS = "assets";
const START_SECONDS_MAX = 60;
const STOP_SECONDS_MAX = 3;

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const state = resolve(process.env.STATE || join(root, ".cairn"));
const lockFile = join(state, "serve.pid");

class Refusal extends Error {}

let stopping = false;

try {
  await serve();
} catch (error) {
  // Ctrl-C ends workerd too, and a program that starts with it fails.
  if (!stopping) {
    console.error(error instanceof Refusal ? `error: ${error.message}` : error);
    process.exit(1);
  }
}

async function serve() {
  const main = join(root, "build", "index.js");
  if (!existsSync(main)) throw new Refusal("nothing is built yet: run `make build`");
  const port = await freePort(requestedPort());
  const key = prepareState();

  // Both are slow to load; the checks above should fail fast. The miniflare is wrangler's own.
  const require = createRequire(join(root, "node_modules/wrangler/package.json"));
  const { unstable_getMiniflareWorkerOptions: workerOptionsOf } = require("wrangler");
  const { Miniflare, Log, LogLevel, convertV4MiniflareOptions } = require("miniflare");

  const { workerOptions } = workerOptionsOf(
    resolve(root, process.env.CONFIG || "wrangler.toml"),
  );
  const { assets, ...options } = workerOptions;
  const cairn = {
    ...options,
    modulesRoot: join(root, "build"),
    modules: [
      ...entry(),
      { type: "ESModule", path: main },
      { type: "CompiledWasm", path: join(root, "build", "index_bg.wasm") },
    ],
    bindings: {
      ...workerOptions.bindings,
      // Here every object that is asked for has a file, whether or not there is anything in it.
      CAIRN_LOOK_UP_NAMES: "true",
      ...variables(),
      CAIRN_ADMIN_KEY: key.value,
    },
    serviceBindings: { ...options.serviceBindings, ...(assets && { [assets.binding]: ASSETS }) },
    unsafeDirectSockets: [{ host: HOST, port }],
  };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [cairn, ...pages(assets), ...consumers(workerOptionsOf)],
      // Miniflare's own entrance is not used: it pretty-prints errors and recodes bodies.
      host: HOST,
      port: 0,
      ...inspector(),
      cf: false,
      resourcePersistencePath: join(state, "data"),
      telemetry: { enabled: false },
      log: new Log(LogLevel.WARN),
      handleStructuredLogs: ({ level, message }) => console.error(`[${level}] ${message}`),
    }),
  );
  stopOnSignals(miniflare);

  const url = `http://${HOST}:${port}`;
  await miniflare.ready;
  await healthy(url);
  announce(url, key);
}

// The deployment's own variables, where the environment sets them.
function variables() {
  const ours = ([name]) => name.startsWith("CAIRN_") && name !== "CAIRN_ADMIN_KEY";
  return Object.fromEntries(Object.entries(process.env).filter(ours));
}

// For tests: a module around Cairn's own, which stands in for parts that workerd lacks.
function entry() {
  if (!process.env.ENTRY) return [];
  const contents = readFileSync(resolve(root, process.env.ENTRY), "utf8");
  return [{ type: "ESModule", path: join(root, "build", "entry.js"), contents }];
}

// The files of [assets], by the platform's emulation, in a Worker of their own. In front of Cairn it would pass each
// request on, Git's too, which no deployment does and which costs a twentieth of a small push.
function pages(assets) {
  if (!assets) return [];
  const script = `export default { fetch: (request, { ${assets.binding} }) => ${assets.binding}.fetch(request) };`;
  return [{ name: ASSETS, assets, modules: true, script, compatibilityDate: "2026-10-01" }];
}

// For tests: the Worker that consumes the queue, by its own wrangler.toml, and where it reports its messages.
function consumers(workerOptionsOf) {
  if (!process.env.CONSUMER) return [];
  const { workerOptions, main } = workerOptionsOf(resolve(root, process.env.CONSUMER));
  const bindings = { ...workerOptions.bindings, REPORT: process.env.REPORT || "" };
  const modules = [{ type: "ESModule", path: main }];
  const port = Number(process.env.CONSUMER_PORT || 0);
  const unsafeDirectSockets = port > 0 ? [{ host: HOST, port }] : [];
  const consumer = { ...workerOptions, bindings, modules, unsafeDirectSockets };
  return [{ ...consumer, name: "consumer", modulesRoot: dirname(main) }];
}

// For `make profile`: the port of workerd's inspector, open to every user of this machine.
function inspector() {
  const port = Number(process.env.INSPECTOR_PORT || 0);
  return port > 0 ? { inspectorPort: port, inspectorHost: HOST } : {};
}

function requestedPort() {
  const text = process.env.PORT || "8787";
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new Refusal(`PORT is not a port: ${text}`);
  return port;
}

// The port itself, if nobody listens there; any free one for 0.
function freePort(port) {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once("error", (error) =>
      fail(
        new Refusal(
          error.code === "EADDRINUSE"
            ? `port ${port} is in use: stop what listens there, or choose another, ` +
                `as in PORT=${port + 1}`
            : `cannot listen on ${HOST}:${port}: ${error.message}`,
        ),
      ),
    );
    probe.listen({ host: HOST, port, exclusive: true }, () => {
      const { port: taken } = probe.address();
      probe.close(() => done(taken));
    });
  });
}

// Makes the folder of all data ready, and returns the operator's key. The operator must repair the folder's
// faults: a sentence says so, and no stack trace.
function prepareState() {
  try {
    const data = join(state, "data");
    makeFolder(data);
    accessSync(data, constants.W_OK | constants.X_OK);
    takeLock();
    return adminKey();
  } catch (error) {
    if (error instanceof Refusal || !error.code) throw error;
    throw new Refusal(
      `data cannot be kept in ${state}: ${whatIsWrong(error)}; choose another folder with STATE=…`,
    );
  }
}

// Not by `recursive`: Node then never returns where a folder exists in which nothing can be made, as
// in /proc.
function makeFolder(path) {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above);
  mkdirSync(path, { mode: 0o700 });
}

function whatIsWrong({ code, message, path }) {
  switch (code) {
    case "EEXIST":
    case "ENOTDIR":
      return "it is a file, or lies below one";
    case "EACCES":
    case "EPERM":
    case "EROFS":
    case "ENOENT":
      return `${path || "it"} cannot be written by this user`;
    case "ENOSPC":
      return "the disk is full";
    default:
      return message;
  }
}

// Two servers on the same SQLite files would corrupt them.
function takeLock() {
  const pid = existsSync(lockFile) ? Number(readFileSync(lockFile, "utf8")) : 0;
  if (pid && pid !== process.pid && servesStill(pid)) {
    throw new Refusal(
      `process ${pid} serves ${state} already: stop it, or choose another folder with STATE=…`,
    );
  }
  writeFileSync(lockFile, `${process.pid}\n`);
  process.on("exit", () => {
    if (process.argv.includes("--discard-state")) rmSync(state, { recursive: true, force: true });
    else rmSync(lockFile, { force: true });
  });
}

function servesStill(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
  // After a crash the number may by now belong to somebody else (where /proc can tell).
  const commandLine = `/proc/${pid}/cmdline`;
  return !existsSync(commandLine) || readFileSync(commandLine, "utf8").includes("serve.mjs");
}

function adminKey() {
  if (process.env.CAIRN_ADMIN_KEY) return { value: process.env.CAIRN_ADMIN_KEY };
  const file = join(state, "admin-key");
  if (!existsSync(file)) {
    writeFileSync(file, `${randomBytes(24).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
  }
  return { value: readFileSync(file, "utf8").trim(), file };
}

// Miniflare's own handlers would exit at once with an error status.
function stopOnSignals(miniflare) {
  const stop = () => {
    if (stopping) return;
    stopping = true;
    // Miniflare's exit hook kills every process that is left then, by its id.
    setTimeout(() => process.exit(0), STOP_SECONDS_MAX * 1000).unref();
    miniflare
      .dispose()
      .catch((error) => console.error(error))
      .finally(() => process.exit(0));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.removeAllListeners(signal);
    process.on(signal, stop);
  }
  if (process.argv.includes("--until-stdin-closes")) {
    process.stdin.on("end", stop).on("error", stop).resume();
  }
}

async function healthy(url) {
  const deadline = Date.now() + START_SECONDS_MAX * 1000;
  let last;
  while (Date.now() < deadline) {
    try {
      const response = await fetch(`${url}/healthz`);
      if (response.ok) return;
      last = `${response.status} ${await response.text()}`;
    } catch (error) {
      last = error.message;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Refusal(`${url}/healthz is not well after ${START_SECONDS_MAX} s: ${last}`);
}

// The commands work again when they are pasted a second time.
function announce(url, key) {
  if (key.file) console.log(`admin key ${key.value} (kept in ${relative(process.cwd(), key.file)})`);
  if (spawnSync("git", ["--version"]).error?.code === "ENOENT") {
    console.error("notice: git is not installed here, and the commands below need it");
  }
  const bearer = key.file ? key.value : "$CAIRN_ADMIN_KEY";
  const namespace = `${url}/api/v1/namespaces/demo`;
  const headers = `-H "Authorization: Bearer ${bearer}" -H "Content-Type: application/json"`;
  console.log(`ready on ${url}

  # make a repository, unless it is there already (409), and a token that may push to it
  curl -fsS -o /dev/null ${namespace}/repos \\
    ${headers} -d '{"name":"hello"}'
  TOKEN=$(curl -fsS ${namespace}/tokens \\
    ${headers} -d '{"repo":"hello"}' |
    sed -n 's/.*"plaintext": *"\\([^"]*\\)".*/\\1/p')

  # clone it into a new folder, commit, push
  FOLDER=$(mktemp -d) && git clone http://x:$TOKEN@${url.slice("http://".length)}/git/demo/hello.git $FOLDER
  date >> $FOLDER/README.md && git -C $FOLDER add . && git -C $FOLDER commit -m "hello" && git -C $FOLDER push origin HEAD
`);
}

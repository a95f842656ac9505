// Runs programs, times them, and asks the kernel for their cost.

import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"]));

/**
 * Milliseconds of CPU that these processes and all below them have used, user and system, with
 * the children that have ended and were waited for. In steps of one clock tick, mostly 10 ms.
 */
export function cpuMs(roots) {
  const parents = new Map();
  const ticks = new Map();
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const stat = statOf(pid);
    if (stat === undefined) continue;
    // After the name, which may hold anything: state, ppid, …; utime is the field 14 of proc(5).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    parents.set(Number(pid), Number(fields[1]));
    ticks.set(Number(pid), fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0));
  }
  const wanted = new Set(roots);
  const below = (pid) =>
    wanted.has(pid) || (parents.get(pid) > 1 && below(parents.get(pid)));
  let sum = 0;
  for (const [pid, used] of ticks) if (below(pid)) sum += used;
  return (sum * 1000) / TICKS_PER_SECOND;
}

/** Milliseconds of CPU of this program's children that have ended, in the same steps. */
export function childrenCpuMs() {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // cutime and cstime.
  return ((Number(fields[13]) + Number(fields[14])) * 1000) / TICKS_PER_SECOND;
}

// A process may end between two looks.
function statOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
}

const running = new Set();

/**
 * Starts a server; it is stopped at the latest when this process ends. With `detached` among the
 * options it is a process group of its own, and is stopped with all that it has started.
 */
export function serve(command, args, options) {
  const child = spawn(command, args, options);
  child.target = options.detached ? -child.pid : child.pid;
  running.add(child);
  child.on("exit", () => {
    if (running.delete(child)) console.error(`${command} has ended by itself`);
  });
  return child;
}

/** Ends a server and waits for it. */
export async function stop(child) {
  if (!running.delete(child)) return;
  const ended = new Promise((done) => child.once("exit", done));
  process.kill(child.target, "SIGTERM");
  await ended;
}

process.on("exit", () => {
  for (const { target } of running) process.kill(target, "SIGTERM");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => process.exit(1));
}

/** Runs a program to its end; fails with its complaint. Gives the bytes that it said. */
export function run(command, args, { input, ...options } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], ...options });
    const said = [];
    const complained = [];
    child.stdout.on("data", (bytes) => said.push(bytes));
    child.stderr.on("data", (bytes) => complained.push(bytes));
    child.on("error", fail);
    child.on("close", (status) => {
      if (status === 0) return done(Buffer.concat(said));
      fail(
        new Error(`${command} ${args.join(" ")}: status ${status}\n${Buffer.concat(complained)}`),
      );
    });
    // A program that ends early closes its end; its status says why.
    child.stdin.on("error", () => {});
    if (input === undefined) child.stdin.end();
    else feed(child.stdin, input).catch(fail);
  });
}

// Writes no faster than is read.
async function feed(stdin, input) {
  for await (const bytes of input) {
    if (!stdin.write(bytes)) await new Promise((done) => stdin.once("drain", done));
    if (stdin.destroyed) return;
  }
  stdin.end();
}

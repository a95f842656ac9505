// git's own server: `git http-backend` as a CGI program of fcgiwrap behind nginx.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { post } from "./http.mjs";
import { pause } from "./measure.mjs";
import { cpuMs, serve, stop } from "./processes.mjs";

/** The machine has no web server and cannot get one. */
export class Missing extends Error {}

// More than any row has requests at once.
const CGI_PROGRAMS = 8;
const START_MS_MAX = 10_000;
const POLICY = "/usr/sbin/policy-rc.d";

export async function startHttpBackend(scratch, git) {
  const [nginx, fcgiwrap] = programs(["nginx", "fcgiwrap"]);
  const folder = join(scratch, "http-backend");
  const repositories = join(folder, "repositories");
  for (const part of ["repositories", "body", "fastcgi", "proxy", "uwsgi", "scgi"]) {
    mkdirSync(join(folder, part), { recursive: true });
  }
  const backend = join(await git(["--exec-path"]), "git-http-backend");
  if (!existsSync(backend)) throw new Missing(`this git has no http-backend: ${backend}`);
  const port = await freePort();
  const cgi = join(folder, "cgi");
  compile(cgi);
  const sockets = Array.from({ length: CGI_PROGRAMS }, (_, number) => `unix:${folder}/${number}.sock`);
  const home = join(scratch, "home");
  const settings = { folder, repositories, backend, cgi, sockets, port, home };
  writeFileSync(join(folder, "nginx.conf"), configuration(settings));

  const log = openSync(join(folder, "log"), "a");
  const started = (command, args) => serve(command, args, { stdio: ["ignore", log, log], detached: true });
  // Each for itself, and not its own workers: their parent spins when it loses one.
  const children = sockets.map((socket) => started(fcgiwrap, ["-s", socket]));
  children.push(started(nginx, ["-p", folder, "-c", join(folder, "nginx.conf")]));
  const server = new HttpBackend(git, folder, `http://127.0.0.1:${port}`, children);
  await server.check(join(folder, "log"));
  return server;
}

class HttpBackend {
  name = "git";

  constructor(git, folder, url, children) {
    this.git = git;
    this.repositories = join(folder, "repositories");
    this.cgiCpu = join(folder, "cgi-cpu");
    this.url = url;
    this.children = children;
  }

  /** Milliseconds of CPU used so far: by the web server, and by the programs that it ran. */
  cpuMs() {
    const lines = existsSync(this.cgiCpu) ? readFileSync(this.cgiCpu, "utf8").split("\n") : [];
    const programs = lines.reduce((sum, microseconds) => sum + Number(microseconds), 0) / 1000;
    return programs + cpuMs(this.children.map(({ pid }) => pid));
  }

  async stop() {
    for (const child of this.children) await stop(child);
  }

  // HEAD must name a branch that will be there: a clone with --depth=1 takes that branch alone.
  async create(name, branch) {
    const folder = join(this.repositories, `${name}.git`);
    await this.git(["init", "--quiet", "--bare", `--initial-branch=${branch}`, folder]);
    await this.git(["-C", folder, "config", "http.receivepack", "true"]);
    await this.git(["-C", folder, "config", "uploadpack.allowFilter", "true"]);
    return { name, url: `${this.url}/${name}.git`, config: [], headers: {} };
  }

  /** Puts the refs of a repository into one file, as `git gc` would. */
  packRefs({ name }) {
    return this.git(["-C", join(this.repositories, `${name}.git`), "pack-refs", "--all"]);
  }

  /**
   * Waits until a repository is served, also to a request in chunks and compressed, as git makes
   * them: a server that buffers or drops those would be measured at something else.
   */
  async check(log) {
    const { url, name } = await this.create("check", "main");
    const headers = {
      "content-type": "application/x-git-upload-pack-request",
      "content-encoding": "gzip",
      "transfer-encoding": "chunked",
      "git-protocol": "version=2",
    };
    const listRefs = gzipSync("0014command=ls-refs\n0000");
    const deadline = Date.now() + START_MS_MAX;
    for (let said; said !== "0000"; ) {
      if (Date.now() > deadline) throw new Error(`http-backend says ${said}: see ${log}`);
      await pause(50);
      said = await post(`${url}/git-upload-pack`, headers, listRefs).then(
        ({ text }) => text,
        (error) => error.message,
      );
    }
    rmSync(join(this.repositories, `${name}.git`), { recursive: true });
  }
}

// Bodies and answers are passed on as they come: chunked ones too, and gzip for http-backend.
function configuration({ folder, repositories, backend, cgi, sockets, port, home }) {
  const user = process.getuid() === 0 ? "user root;" : "";
  return `
daemon off;
${user}
worker_processes 2;
pid ${folder}/nginx.pid;
error_log ${folder}/log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  fastcgi_temp_path ${folder}/fastcgi;
  proxy_temp_path ${folder}/proxy;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  client_max_body_size 0;
  upstream cgi {
    zone cgi 64k;
    least_conn;
    ${sockets.map((socket) => `server ${socket};`).join("\n    ")}
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      gzip off;
      fastcgi_pass cgi;
      fastcgi_read_timeout 3600;
      fastcgi_request_buffering off;
      fastcgi_buffering off;
      fastcgi_param SCRIPT_FILENAME ${cgi};
      fastcgi_param BENCH_CGI ${backend};
      fastcgi_param BENCH_CGI_CPU ${folder}/cgi-cpu;
      fastcgi_param GIT_PROJECT_ROOT ${repositories};
      fastcgi_param GIT_HTTP_EXPORT_ALL "";
      fastcgi_param REMOTE_USER bench;
      fastcgi_param HOME ${home};
      fastcgi_param PATH_INFO $uri;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
      fastcgi_param GIT_PROTOCOL $http_git_protocol;
    }
  }
}
`;
}

function compile(cgi) {
  const source = join(dirname(fileURLToPath(import.meta.url)), "cgi.c");
  try {
    execFileSync("cc", ["-O2", "-o", cgi, source], { stdio: ["ignore", 2, 2] });
  } catch (error) {
    throw new Missing(`a C compiler is needed, as for the build: ${error.message}`);
  }
}

// The paths of the programs. On Debian, as root, this installs missing ones first.
function programs(names) {
  const missing = names.filter((name) => found(name) === undefined);
  if (missing.length > 0) install(missing);
  return names.map((name) => {
    const path = found(name);
    if (path === undefined) throw new Missing(`there is no ${name} after its installation`);
    return path;
  });
}

function found(name) {
  const folders = [...process.env.PATH.split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

function install(names) {
  const wanted = names.join(" ");
  if (found("apt-get") === undefined || process.getuid() !== 0) {
    const how = `on Debian: sudo apt-get install ${wanted}, and stop the services it starts`;
    throw new Missing(`${wanted} must be installed (${how})`);
  }
  console.error(`installing ${wanted}`);
  // The packages' own services must not start: they would listen to the world.
  const ours = !existsSync(POLICY);
  if (ours) writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    const options = ["install", "--yes", "--quiet", "--no-install-recommends"];
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    execFileSync("apt-get", [...options, ...names], { env, stdio: ["ignore", 2, 2] });
  } catch {
    throw new Missing(`apt-get cannot install ${wanted}: is the archive in reach?`);
  } finally {
    if (ours) rmSync(POLICY);
  }
}

/** A port that is free now. */
export function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once("error", fail);
    probe.listen({ host: "127.0.0.1", port: 0, exclusive: true }, () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

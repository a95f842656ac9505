// A CI trigger: receives webhooks, and runs a command for each push to a branch, one after the other.
//
//   WEBHOOK_SECRET=whsec_… BUILD='make test' node ci.mjs
//
// The command gets CI_REPOSITORY, CI_REF and CI_COMMIT. A push is written down before the webhook is
// answered, so a crash loses no build, and a push that comes twice is built once.

import { spawn } from "node:child_process";
import { appendFileSync, existsSync, fsyncSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:http";

import { verifyWebhook, WebhookVerificationError } from "cairn-client";

const { WEBHOOK_SECRET, BUILD = "make test", JOURNAL = "ci.ndjson", PORT = "8080" } = process.env;
const BODY_BYTES_MAX = 1 << 20;
const NO_COMMIT = "0".repeat(40);

// The journal: a line for each push that came, and one for each that was built.
const known = new Set();
const waiting = new Map();
const written = existsSync(JOURNAL) ? readFileSync(JOURNAL, "utf8") : "";
for (const { id, push } of written.split("\n").map(parsed)) {
  known.add(id);
  if (push) waiting.set(id, push);
  else waiting.delete(id);
}
const journal = openSync(JOURNAL, "a");
if (written !== "" && !written.endsWith("\n")) appendFileSync(journal, "\n");

/** A crash may have cut a line short. Its webhook was not answered, so it comes again. */
function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}

function write(line) {
  appendFileSync(journal, `${JSON.stringify(line)}\n`);
  fsyncSync(journal);
}

async function received(request) {
  const pieces = [];
  let bytes = 0;
  for await (const piece of request) {
    bytes += piece.length;
    if (bytes > BODY_BYTES_MAX) return 413;
    pieces.push(piece);
  }
  const event = await verifyWebhook(Buffer.concat(pieces), request.headers, WEBHOOK_SECRET);
  const { ref, after } = event.payload;
  const isBuilt = event.type.endsWith(".repo.pushed") && ref.startsWith("refs/heads/");
  // Answer unwanted events well too: otherwise they would come again, and hold back the next.
  if (!isBuilt || after === NO_COMMIT) return 204;
  const { namespace, repoName } = event.source;
  const id = event.metadata.eventId;
  if (!known.has(id)) {
    const push = { repository: `${namespace}/${repoName}`, ref, commit: after };
    write({ id, push });
    known.add(id);
    waiting.set(id, push);
    build();
  }
  return 202;
}

let building = false;
async function build() {
  if (building) return;
  building = true;
  for (const [id, { repository, ref, commit }] of waiting) {
    const env = { ...process.env, CI_REPOSITORY: repository, CI_REF: ref, CI_COMMIT: commit };
    const run = spawn(BUILD, { shell: true, stdio: "inherit", env });
    const status = await new Promise((resolve) => run.on("close", resolve));
    console.log(`${repository} ${ref} ${commit}: ${status === 0 ? "passed" : "failed"}`);
    write({ id, status });
    waiting.delete(id);
  }
  building = false;
}

const server = createServer(async (request, response) => {
  let status = 500;
  try {
    status = request.method === "POST" ? await received(request) : 405;
  } catch (error) {
    if (error instanceof WebhookVerificationError) status = 401;
    else console.error(error);
  }
  response.writeHead(status).end();
});
server.listen(Number(PORT), "127.0.0.1", () => {
  console.log(`listening on ${server.address().port}`);
  build();
});

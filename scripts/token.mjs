// Prints a token that may push to one repository of a running server; makes the repository if it
// is missing. Nothing but the token goes to standard output, so that a shell can keep it:
//
//   TOKEN=$(make token REPO=demo/hello)
//
// Environment: REPO (namespace/name), PORT (8787) and STATE (.cairn) as for `make serve`, or
// CAIRN_URL for another server, and CAIRN_ADMIN_KEY (else the one in $STATE/admin-key).

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const url = process.env.CAIRN_URL || `http://127.0.0.1:${process.env.PORT || "8787"}`;

class Refusal extends Error {}

try {
  const [namespace, name] = wanted();
  const key = adminKey();
  console.log(await token(namespace, name, key));
} catch (error) {
  console.error(error instanceof Refusal ? `error: ${error.message}` : error);
  process.exit(1);
}

function wanted() {
  const parts = (process.env.REPO || "").split("/");
  if (parts.length !== 2 || parts.includes("")) {
    throw new Refusal("say which repository: `make token REPO=demo/hello`");
  }
  return parts;
}

function adminKey() {
  if (process.env.CAIRN_ADMIN_KEY) return process.env.CAIRN_ADMIN_KEY;
  const file = join(resolve(process.env.STATE || join(root, ".cairn")), "admin-key");
  if (process.env.CAIRN_URL || !existsSync(file)) {
    throw new Refusal(
      process.env.CAIRN_URL
        ? "CAIRN_ADMIN_KEY is not set"
        : `${file} does not exist: start \`make serve\` first, or set CAIRN_ADMIN_KEY`,
    );
  }
  return readFileSync(file, "utf8").trim();
}

async function token(namespace, name, key) {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
  const made = await post(`${path}/tokens`, { repo: name, scope: "write" }, key);
  if (made.status !== 404) return result(made).plaintext;
  // Somebody else may make it between the two requests: then it is there for a token.
  const created = await post(`${path}/repos`, { name }, key);
  if (created.status !== 409) return result(created).token;
  return result(await post(`${path}/tokens`, { repo: name, scope: "write" }, key)).plaintext;
}

async function post(path, body, key) {
  let response;
  try {
    response = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Refusal(`nothing answers on ${url}: start \`make serve\` first, or say PORT=…`);
  }
  const text = await response.text();
  try {
    return { status: response.status, ...JSON.parse(text) };
  } catch {
    throw new Refusal(`${url} does not answer as Cairn does: status ${response.status}`);
  }
}

function result(answer) {
  if (answer.result) return answer.result;
  if (answer.status === 401) throw new Refusal(`${url} does not accept this operator's key`);
  throw new Refusal(answer.errors?.[0]?.message ?? `${url} answered ${answer.status}`);
}

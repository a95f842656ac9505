// Requests that are read to their last byte.

import { request } from "node:http";

export function get(url, headers) {
  return send(url, { method: "GET", headers });
}

export function post(url, headers, body, method = "POST") {
  return send(url, { method, headers }, body);
}

/**
 * The answer of a full clone by protocol v2, as git asks for it: one request, without a git that indexes the
 * pack. Gives the bytes.
 */
export async function fetchEverything(repository, wants) {
  const lines = ["command=fetch", "agent=bench/1", "object-format=sha1"].map(packet);
  lines.push("0001", ...["thin-pack", "no-progress", "include-tag", "ofs-delta"].map(packet));
  lines.push(...wants.map((want) => packet(`want ${want}\n`)), packet("done\n"), "0000");
  const headers = {
    ...repository.headers,
    "content-type": "application/x-git-upload-pack-request",
    "git-protocol": "version=2",
  };
  const answer = await post(`${repository.url}/git-upload-pack`, headers, lines.join(""));
  if (answer.start !== "000dpackfile\n" || answer.end !== "0000") {
    throw new Error(`no pack: ${answer.start} … ${answer.end}`);
  }
  return answer.bytes;
}

const NO_OBJECT = "0".repeat(40);

/** One push of new refs (`<object id> <name>`), with the pack that they need. */
export async function pushRefs(repository, refs, pack) {
  const [first, ...rest] = refs.map((ref) => `${NO_OBJECT} ${ref}`);
  const commands = [`${first}\0report-status object-format=sha1`, ...rest].map(packet).join("");
  const headers = { ...repository.headers, "content-type": "application/x-git-receive-pack-request" };
  const body = Buffer.concat([Buffer.from(`${commands}0000`), pack]);
  const { text } = await post(`${repository.url}/git-receive-pack`, headers, body);
  const accepted = text.match(/[0-9a-f]{4}ok /g)?.length;
  if (accepted !== refs.length) {
    throw new Error(`${accepted} of ${refs.length} refs pushed: ${text.slice(0, 1000)}`);
  }
}

function packet(text) {
  return (text.length + 4).toString(16).padStart(4, "0") + text;
}

const KEPT_BYTES_MAX = 1 << 20;

// Keeps only the start and the end of a long answer.
function send(url, options, body) {
  return new Promise((done, fail) => {
    const asked = request(url, { agent: false, ...options }, (response) => {
      const kept = [];
      let bytes = 0;
      let end = "";
      response.on("data", (chunk) => {
        if (bytes < KEPT_BYTES_MAX) kept.push(chunk);
        bytes += chunk.length;
        end = (end + chunk.subarray(-4).toString("latin1")).slice(-4);
      });
      response.on("error", fail);
      response.on("end", () => {
        const text = Buffer.concat(kept).toString("latin1");
        const { statusCode: status } = response;
        if (status >= 300) fail(new Error(`${options.method} ${url}: ${status} ${text}`));
        else done({ bytes, text, start: text.slice(0, 13), end });
      });
    });
    asked.on("error", fail);
    asked.end(body);
  });
}

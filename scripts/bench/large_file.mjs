// An object of Git LFS, sent and fetched as git-lfs does: one request each.

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { get } from "./http.mjs";

const PIECE_BYTES = 1 << 20;

/** Writes an object of so many bytes to the folder. */
export async function largeFile(folder, bytes) {
  const path = join(folder, "large");
  const digest = createHash("sha256");
  function* pieces() {
    for (let at = 0; at < bytes; at += PIECE_BYTES) {
      // Each piece is another one, and none costs time to make.
      const piece = Buffer.alloc(Math.min(PIECE_BYTES, bytes - at), at.toString(16).padStart(16, "0"));
      digest.update(piece);
      yield piece;
    }
  }
  await pipeline(Readable.from(pieces()), createWriteStream(path));
  return { path, bytes, oid: digest.digest("hex") };
}

/** Sends the object. */
export function upload(server, file) {
  const { path, bytes } = file;
  const headers = {
    ...server.headers,
    "content-type": "application/octet-stream",
    "content-length": bytes,
  };
  const url = server.uploadUrl(file);
  return new Promise((done, fail) => {
    const asked = request(url, { method: "PUT", agent: false, headers }, (response) => {
      response.resume();
      response.on("end", () => {
        if (response.statusCode === 200) done();
        else fail(new Error(`upload: ${response.statusCode}`));
      });
    });
    asked.on("error", fail);
    createReadStream(path, { highWaterMark: PIECE_BYTES }).pipe(asked);
  });
}

/** Gets the object, and throws its bytes away. */
export async function download(server, file) {
  const answer = await get(server.downloadUrl(file), server.headers);
  if (answer.bytes !== file.bytes) throw new Error(`download: ${answer.bytes} of ${file.bytes} bytes`);
}

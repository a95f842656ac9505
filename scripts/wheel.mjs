// The wheel of clients/python: a zip file with the package and the metadata for pip
// (https://packaging.python.org/en/latest/specifications/binary-distribution-format/). It needs no Python,
// and the same commit gives the same bytes.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";

const PACKAGE = "cairn_client";

// Writes the wheel into the folder, and gives its path.
export function wheel(root, folder, mtime) {
  const own = join(root, "clients/python");
  const project = readFileSync(join(own, "pyproject.toml"), "utf8");
  const said = (field) => new RegExp(`^${field} = "(.+)"$`, "m").exec(project)[1];
  const version = said("version");
  const info = `${PACKAGE}-${version}.dist-info`;
  const sources = readdirSync(join(own, PACKAGE)).filter((file) => /\.(py|typed)$/.test(file)).sort();
  const files = [
    ...sources.map((file) => [`${PACKAGE}/${file}`, readFileSync(join(own, PACKAGE, file))]),
    ...["LICENSE-APACHE", "LICENSE-MIT"].map((file) => [`${info}/licenses/${file}`, readFileSync(join(root, file))]),
    [`${info}/METADATA`, Buffer.from(metadata(said, readFileSync(join(own, "README.md"), "utf8")))],
    [`${info}/WHEEL`, Buffer.from("Wheel-Version: 1.0\nGenerator: cairn\nRoot-Is-Purelib: true\nTag: py3-none-any\n")],
  ];
  const records = files.map(([name, bytes]) => `${name},sha256=${digest(bytes)},${bytes.length}\n`);
  files.push([`${info}/RECORD`, Buffer.from(`${records.join("")}${info}/RECORD,,\n`)]);
  const path = join(folder, `${PACKAGE}-${version}-py3-none-any.whl`);
  writeFileSync(path, zip(files, mtime));
  return path;
}

function metadata(said, readme) {
  return [
    "Metadata-Version: 2.4",
    `Name: ${said("name")}`,
    `Version: ${said("version")}`,
    `Summary: ${said("description")}`,
    `Requires-Python: ${said("requires-python")}`,
    `License-Expression: ${said("license")}`,
    "License-File: LICENSE-APACHE",
    "License-File: LICENSE-MIT",
    "Description-Content-Type: text/markdown",
    "",
    readme,
  ].join("\n");
}

const digest = (bytes) => createHash("sha256").update(bytes).digest("base64url");

// A zip file with these files (APPNOTE 4.3), all of this time.
function zip(files, mtime) {
  const [parts, directory] = [[], []];
  let offset = 0;
  for (const [name, bytes] of files) {
    const packed = deflateRawSync(bytes, { level: 9 });
    const entry = Buffer.alloc(26);
    entry.writeUInt16LE(20, 0); // the version that unpacks it
    entry.writeUInt16LE(8, 4); // deflated
    entry.writeUInt32LE(dosTime(mtime), 6);
    entry.writeUInt32LE(crc32(bytes), 10);
    entry.writeUInt32LE(packed.length, 14);
    entry.writeUInt32LE(bytes.length, 18);
    entry.writeUInt16LE(Buffer.byteLength(name), 22);
    parts.push(Buffer.from("PK\x03\x04"), entry, Buffer.from(name), packed);
    const where = Buffer.alloc(14);
    where.writeUInt32LE((0o100644 << 16) >>> 0, 6); // a file that everybody may read
    where.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x03"), entry, where, Buffer.from(name));
    offset += 4 + entry.length + Buffer.byteLength(name) + packed.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, listed, Buffer.from("PK\x05\x06"), end]);
}

function dosTime(mtime) {
  const days = ((Math.max(1980, mtime.getUTCFullYear()) - 1980) << 9) | ((mtime.getUTCMonth() + 1) << 5) | mtime.getUTCDate();
  const time = (mtime.getUTCHours() << 11) | (mtime.getUTCMinutes() << 5) | (mtime.getUTCSeconds() >> 1);
  return ((days << 16) | time) >>> 0;
}

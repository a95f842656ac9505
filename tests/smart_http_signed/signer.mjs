// Makes keys and signs with them, as an issuer of tokens does. Each line of the input is a request in JSON,
// and each line of the output its answer.

import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { createInterface } from "node:readline";

const KINDS = {
  ES256: ["ec", { namedCurve: "P-256" }],
  RS256: ["rsa", { modulusLength: 2048 }],
  EdDSA: ["ed25519", {}],
};

/** Private keys by their names. */
const keys = new Map();

const encoded = (bytes) => Buffer.from(bytes).toString("base64url");

/** Makes a key and answers with its public part. */
function make({ make: kid, kind }) {
  const { privateKey, publicKey } = generateKeyPairSync(...KINDS[kind]);
  keys.set(kid, { kind, privateKey });
  return { ...publicKey.export({ format: "jwk" }), kid, use: "sig" };
}

/** Signs header and payload, two texts, as the key's kind does, or with a secret. */
function signed({ key, secret, der, header, payload }) {
  const input = `${encoded(header)}.${encoded(payload)}`;
  if (secret !== undefined) {
    return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
  }
  const { kind, privateKey } = keys.get(key);
  const algorithm = kind === "EdDSA" ? null : "sha256";
  const dsaEncoding = der ? "der" : "ieee-p1363";
  return `${input}.${encoded(sign(algorithm, Buffer.from(input), { key: privateKey, dsaEncoding }))}`;
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  console.log(JSON.stringify(asked.make ? make(asked) : signed(asked)));
}

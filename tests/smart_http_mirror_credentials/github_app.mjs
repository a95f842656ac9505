// The key of a GitHub App, and the judge of what it signs: Node's own cryptography.
//
//   github_app.mjs make            prints {"pkcs1", "pkcs8", "public"}, PEM each
//   github_app.mjs verify PUBLIC JWT   prints the claims, or fails

import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";

const [command, ...given] = process.argv.slice(2);

if (command === "make") {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = (type) => privateKey.export({ type, format: "pem" });
  const shown = publicKey.export({ type: "spki", format: "pem" });
  console.log(JSON.stringify({ pkcs1: pem("pkcs1"), pkcs8: pem("pkcs8"), public: shown }));
} else {
  const [pem, jwt] = given;
  const [header, payload, signature] = jwt.split(".");
  const read = (part) => Buffer.from(part, "base64url");
  const { alg } = JSON.parse(read(header));
  const key = createPublicKey(pem);
  const signed = Buffer.from(`${header}.${payload}`);
  if (alg !== "RS256" || !verify("sha256", signed, key, read(signature))) {
    throw new Error("the signature is not the app's");
  }
  console.log(read(payload).toString());
}

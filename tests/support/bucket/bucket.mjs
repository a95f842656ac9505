// R2's emulation for the S3 server of tests/clients/s3: `PUT` and `GET /<bucket>/<key>`. Headers that begin
// with `bucket-` stand for R2's own parameters, which headers of S3 would carry.

export default {
  async fetch(request, env) {
    const [bucket, ...key] = new URL(request.url).pathname.slice(1).split("/").map(decodeURIComponent);
    if (bucket !== "cairn-packs") return new Response("no such bucket", { status: 404 });
    if (request.method === "PUT") return put(request, env.PACKS, key.join("/"));
    return get(request, env.PACKS, key.join("/"));
  },
};

async function put({ headers, body }, bucket, key) {
  const customMetadata = {};
  for (const [name, value] of headers) {
    if (name.startsWith("bucket-meta-")) customMetadata[name.slice("bucket-meta-".length)] = value;
  }
  const httpMetadata = {
    contentType: headers.get("bucket-content-type") ?? undefined,
    contentEncoding: headers.get("bucket-content-encoding") ?? undefined,
  };
  const sha256 = headers.get("bucket-sha256") ?? undefined;
  try {
    await bucket.put(key, body ?? "", { customMetadata, httpMetadata, sha256 });
    return new Response();
  } catch (error) {
    return new Response(error.message, { status: 400 });
  }
}

async function get({ headers }, bucket, key) {
  const ranged = headers.has("range");
  try {
    const object = await bucket.get(key, ranged ? { range: headers } : {});
    if (!object) return new Response("no such key", { status: 404 });
    const answer = new Headers();
    for (const [name, value] of [
      ["bucket-content-type", object.httpMetadata.contentType],
      ["bucket-content-encoding", object.httpMetadata.contentEncoding],
    ]) {
      if (value) answer.set(name, value);
    }
    const { offset = 0, length = object.size } = object.range ?? {};
    if (ranged) answer.set("content-range", `bytes ${offset}-${offset + length - 1}/${object.size}`);
    const fixed = new FixedLengthStream(length);
    object.body.pipeTo(fixed.writable);
    return new Response(fixed.readable, { status: ranged ? 206 : 200, headers: answer });
  } catch (error) {
    return new Response(error.message, { status: 416 });
  }
}

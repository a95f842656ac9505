// A Worker as one is written for the binding: it knows `env.ARTIFACTS` and only one line that makes it
// belongs to Cairn. Beside it, the parts that the binding lacks: a feed that is followed, and a
// webhook.

import { artifacts, verifyWebhook } from "../src/index.js";

export default {
  async fetch(request, env) {
    const { CAIRN_URL: url, CAIRN_KEY: key } = env;
    const ARTIFACTS = artifacts({ url, namespace: "from-a-worker", key });
    const { pathname } = new URL(request.url);
    if (pathname === "/webhook") return received(request, env);
    return pathname === "/newest" ? newest(ARTIFACTS) : handle(request, { ARTIFACTS });
  },
};

/** The repository that is made next in the namespace: here, by the Worker itself. */
async function newest(ARTIFACTS) {
  const made = setTimeout(() => ARTIFACTS.create(`followed-${Date.now()}`), 100);
  try {
    for await (const { type, payload } of ARTIFACTS.events({ after: "newest", types: ["repo.created"] })) {
      return Response.json({ type, defaultBranch: payload.defaultBranch });
    }
  } finally {
    clearTimeout(made);
  }
}

async function received(request, { WEBHOOK_SECRET }) {
  const body = await request.arrayBuffer();
  return Response.json(await verifyWebhook(body, request.headers, WEBHOOK_SECRET));
}

async function handle(request, env) {
  const name = new URL(request.url).pathname.slice(1);
  try {
    const { remote, token } = await env.ARTIFACTS.create(name, { description: "by a worker" });
    const repo = await env.ARTIFACTS.get(name);
    try {
      const { description, defaultBranch } = await repo.info();
      const { plaintext, scope } = await repo.createToken("read", 3600);
      const revoked = await repo.revokeToken(plaintext);
      const states = (await repo.listTokens()).tokens.map(({ state }) => state).sort();
      const commits = (await repo.log()).length;
      const { repos, total } = await env.ARTIFACTS.list();
      const names = repos.map((listed) => listed.name);
      const answer = { remote, description, defaultBranch, scope, revoked, states, commits };
      return Response.json({ ...answer, names, total, tokenGiven: token.length > 0 });
    } finally {
      repo[Symbol.dispose]();
    }
  } catch (error) {
    if (error.name !== "ArtifactsError") throw error;
    const { code, numericCode } = error;
    return Response.json({ code, numericCode }, { status: 409 });
  }
}

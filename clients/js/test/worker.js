// A Worker as one is written for the binding: it knows `env.ARTIFACTS` and nothing of Cairn but
// the line that makes it.

import { artifacts } from "../src/index.js";

export default {
  async fetch(request, env) {
    const { CAIRN_URL: url, CAIRN_KEY: key } = env;
    return handle(request, { ARTIFACTS: artifacts({ url, namespace: "from-a-worker", key }) });
  },
};

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

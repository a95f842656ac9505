// Pages of others, opened by somebody who is signed in here. One is of another site, one of the same site at another
// port, to whose requests a browser adds the cookie.

import assert from "node:assert/strict";

import { serve } from "../browser.mjs";
import { signIn, story } from "./page.mjs";

const FORM = (action, field) => `<form method="post" enctype="text/plain" action="${action}"><input name='${field}' value='"}'></form>
<script>document.forms[0].submit()</script>`;

await story(async ({ page, home, facts, context, complaints }) => {
  const { origin } = new URL(home);
  await signIn(page, facts.key);
  const [cookie] = await context.cookies();
  const repos = `${origin}/api/v1/namespaces/pages/repos`;
  const end = await serve(facts.port, {
    "/": "<p>elsewhere</p>",
    "/form": FORM(repos, '{"name":"forged","description":"'),
    "/signin": FORM(`${origin}/api/v1/session`, `{"token":"${facts.key}","namespace":"`),
  });
  try {
    for (const site of [`http://localhost:${facts.port}`, `http://127.0.0.1:${facts.port}`]) {
      for (const form of ["/form", "/signin"]) {
        const answer = page.waitForResponse((response) => response.request().method() === "POST");
        await page.goto(site + form).catch(() => {});
        assert.ok([401, 403, 415].includes((await answer).status()), `${site}${form}`);
      }
      await page.goto(site);
      // A page of another site learns nothing from any answer, and no request takes effect.
      const tried = await page.evaluate(
        async ([repos, raw]) => {
          const body = JSON.stringify({ name: "forged" });
          const send = (init, url = repos) => fetch(url, { credentials: "include", ...init }).then((answer) => answer.type, () => "failed");
          const picture = new Promise((seen) => {
            const image = new Image();
            image.onload = () => seen("loaded");
            image.onerror = () => seen("failed");
            image.src = raw;
          });
          return {
            simple: await send({ method: "POST", body, mode: "no-cors" }),
            json: await send({ method: "POST", body, headers: { "content-type": "application/json" } }),
            marked: await send({ method: "POST", body, headers: { "content-type": "application/json", "x-cairn-session": "1" } }),
            read: await send({}),
            blind: await send({ mode: "no-cors" }),
            picture: await picture,
          };
        },
        [repos, `${origin}/api/v1/namespaces/pages/repos/private/raw/HEAD/docs/stone.png`],
      );
      assert.deepEqual({ ...tried, simple: "", blind: "" }, { simple: "", json: "failed", marked: "failed", read: "failed", blind: "", picture: "failed" });
      assert.ok(["failed", "opaque"].includes(tried.simple) && ["failed", "opaque"].includes(tried.blind), JSON.stringify(tried));
    }
  } finally {
    end();
  }
  const listed = await fetch(repos, { headers: { authorization: `Bearer ${facts.key}` } });
  const names = (await listed.json()).result.map(({ name }) => name);
  assert.ok(!names.includes("forged"), names.join());
  const [after] = await context.cookies();
  assert.equal(after.value, cookie.value, "nobody signed in in this browser's place");
  // Our own page in a frame of others, and one that another opened.
  complaints.splice(0, complaints.length, ...complaints.filter((told) => told.startsWith(origin) && !/Failed to load resource/.test(told)));
});

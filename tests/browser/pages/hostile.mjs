import assert from "node:assert/strict";

import { go, settled, signIn, story } from "./page.mjs";

await story(async ({ page, home, facts, complaints }) => {
  const others = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(home).origin) && !/^(data|blob):/.test(request.url())) others.push(request.url());
  });
  const encoded = (name) => name.split("/").map(encodeURIComponent).join("/");
  const views = [
    "",
    "/tree/HEAD/names",
    "/log/HEAD",
    `/commit/${facts.tip}`,
    "/refs/HEAD",
    "/search/HEAD?q=harmed",
    "/search/HEAD?q=%3Cimg%20src=x%20onerror=window.harmed=1%3E",
    "/blame/HEAD/README.md",
    "/file/HEAD/README.md",
    "/file/HEAD/README.md?plain",
    "/file/HEAD/drawing.svg",
    "/file/HEAD/polyglot.gif",
    `/tree/${encodeURIComponent("refs/heads/<img/src=x/onerror=window.harmed=1>")}`,
    `/compare/${encodeURIComponent("...<img/src=x/onerror=window.harmed=1>")}`,
    ...facts.files.map((file) => `/file/HEAD/${file}`),
    ...facts.names.map((name) => `/file/HEAD/names/${encoded(name)}`),
  ];
  await signIn(page, facts.key);
  const [{ value }] = await page.context().cookies();
  for (const view of views) {
    await go(page, home + view);
    await settled(page);
    // Clicks and points at everything inside the content.
    for (const link of await page.locator(".prose a").all()) await link.dispatchEvent("click").catch(() => {});
    assert.equal(await page.evaluate(() => window.harmed), undefined, view);
    assert.ok(page.url().startsWith(new URL(home).origin), `${view} led to ${page.url()}`);
  }
  assert.deepEqual(others, [], "requests to other hosts");
  const [session] = await page.context().cookies();
  assert.equal(session.value, value, "the session is as it was");
  assert.equal(await page.evaluate(() => window.harmed), undefined);
  // A file that is not a picture may fail to load, and the browser tells which requests the policy keeps out
  // while a text is made harmless.
  const told = complaints.filter((complaint) => !/Failed to load resource|404|Content Security Policy/.test(complaint));
  complaints.splice(0, complaints.length, ...told);
});

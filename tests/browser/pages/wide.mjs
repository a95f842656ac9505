// How a page of very many entries feels: how long until it is there, and for how long it does not react.

import assert from "node:assert/strict";

import { go, signIn, story } from "./page.mjs";

await story(async ({ page, home, facts }) => {
  // The longest time for which the page did not react since it was asked last.
  await page.addInitScript(() => {
    window.blocked = 0;
    const watching = new MutationObserver(() => {
      if (!document.querySelector(".entries .entry")) return;
      window.shown = performance.now();
      watching.disconnect();
    });
    watching.observe(document, { childList: true, subtree: true });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.blocked = Math.max(window.blocked, duration);
    }).observe({ type: "longtask", buffered: true });
  });
  const blocked = async () => Math.round(await page.evaluate(() => window.blocked));
  // The longest pause between two frames while it scrolls from top to bottom.
  const scrolled = () =>
    page.evaluate(async () => {
      const next = () => new Promise((drawn) => requestAnimationFrame(drawn));
      let [longest, before] = [0, await next()];
      for (let at = 0; at <= 60; at++) {
        scrollTo(0, (document.body.scrollHeight * at) / 60);
        const now = await next();
        [longest, before] = [Math.max(longest, now - before), now];
      }
      return Math.round(longest);
    });
  const timed = async (act) => {
    const begun = performance.now();
    await act();
    return Math.round(performance.now() - begun);
  };
  const told = {};

  // The first view, of somebody whose browser has been here.
  await signIn(page, facts.key);
  await go(page, home);
  const views = [];
  for (let number = 0; number < 5; number++) {
    await go(page, home);
    await page.waitForFunction(() => window.shown);
    views.push(await page.evaluate(() => Math.round(window.shown)));
  }
  told["first view, until its entries are there"] = views;

  const entries = page.locator(".entries .entry");
  told["entries of a tree, first"] = await timed(() => go(page, `${home}/tree/HEAD/many`));
  while ((await entries.count()) < facts.files) {
    const before = await entries.count();
    await page.getByRole("button", { name: "Show more" }).click();
    await page.waitForFunction((before) => document.querySelectorAll(".entries .entry").length > before, before);
  }
  assert.equal(await entries.count(), facts.files);
  told["entries, blocked"] = await blocked();
  told["entries, longest frame"] = await scrolled();

  told["file of 5 MB"] = await timed(() => go(page, `${home}/file/HEAD/five-megabytes.txt`));
  told["file, blocked"] = await blocked();
  told["file, longest frame"] = await scrolled();

  told["commit of 2,000 files"] = await timed(() => go(page, `${home}/commit/${facts.changed}`));
  assert.equal(await page.locator(".file").count(), facts.of_commit);
  told["commit, blocked"] = await blocked();
  told["commit, longest frame"] = await scrolled();
  process.stdout.write(`${JSON.stringify(told, null, 1)}\n`);
});

import assert from "node:assert/strict";

import { go, settled, story } from "./page.mjs";

await story(async ({ page, home, facts }) => {
  // A directory of many entries comes in pages.
  await go(page, `${home}/tree/HEAD/many`);
  const entries = page.locator(".entries .entry");
  while ((await entries.count()) < facts.files) {
    const before = await entries.count();
    await page.getByRole("button", { name: "Show more" }).click();
    await page.waitForFunction((before) => document.querySelectorAll(".entries .entry").length > before, before);
  }
  assert.equal(await entries.count(), facts.files);

  // A file of five megabytes has all its lines, and the browser lays out those that are seen.
  await go(page, `${home}/file/HEAD/five-megabytes.txt`);
  // The first lines are there at once, and all the others without anybody asking.
  await page.waitForFunction((lines) => document.querySelectorAll(".lines tr").length === lines, facts.lines);
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await page.locator(`#L${facts.lines}`).waitFor();

  // A commit of thousands of files: the first ones are open.
  await go(page, `${home}/commit/${facts.tip}`);
  await settled(page);
  assert.equal(await page.locator(".file").count(), facts.files + 1);
  assert.ok((await page.locator(".file[open]").count()) <= 60);
});

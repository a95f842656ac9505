import assert from "node:assert/strict";

import { accessible, go, settled, story } from "./page.mjs";

await story(async ({ page, home, facts }) => {
  // The first view: few requests, little script.
  const requests = [];
  const note = (request) => requests.push(request.url());
  page.on("request", note);
  await go(page, home);
  page.off("request", note);
  // The README shows only its own content.
  const own = requests.filter((url) => !/\.(png|svg)$|^data:/.test(url));
  assert.ok(own.length <= 5, own.join("\n"));
  assert.equal(await page.title(), "pages/stones");
  const names = await page.locator(".entries .entry").allTextContents();
  assert.deepEqual(names, ["docs", "src", "with space", "README.md"]);
  await page.getByRole("cell", { name: "Begin" }).first().waitFor();
  assert.match(await page.locator(".clone code").textContent(), new RegExp(`^git clone ${facts.remote}$`));
  await accessible(page);

  // The README, whose links and pictures are those of the ref, and none of another host.
  const readme = page.locator(".prose");
  assert.equal(await readme.locator("h1").textContent(), "Stones");
  assert.equal(await readme.locator("td").count(), 2);
  assert.equal(await readme.locator("img").count(), 2);
  await page.waitForFunction(() => document.querySelector(".prose img").naturalWidth === 1);
  // A drawing in SVG is a picture, in which no script runs.
  const drawing = readme.getByAltText("a drawing");
  await page.waitForFunction(() => document.querySelector(".prose img[alt='a drawing']").naturalWidth === 40);
  assert.match(await drawing.getAttribute("src"), /^data:image\/svg\+xml,/);
  await readme.getByText("the code").click();
  await settled(page);
  assert.match(page.url(), /\/file\/[0-9a-f]{40}\/src\/main\.rs$/);

  // A file: highlighted, with lines that can be linked.
  await page.locator(".hljs-keyword").first().waitFor();
  await page.getByLabel("Line 2", { exact: true }).click();
  await page.getByLabel("Line 3", { exact: true }).click({ modifiers: ["Shift"] });
  assert.match(page.url(), /#L2-L3$/);
  assert.equal(await page.locator(".chosen").count(), 2);
  await accessible(page);
  await go(page, `${home}/file/HEAD/src/long.rs#L2000`);
  await page.locator("#L2000.chosen").waitFor();
  await page.waitForFunction(() => {
    const { top } = document.getElementById("L2000").getBoundingClientRect();
    return top > 0 && top < innerHeight;
  });

  await go(page, `${home}/file/HEAD/docs/drawing.svg`);
  await page.waitForFunction(() => document.querySelector(".picture img").naturalWidth === 40);
  await page.getByRole("link", { name: "Source" }).click();
  await page.getByText("<circle").waitFor();
  assert.equal(await page.evaluate(() => window.harmed), undefined);

  // Blame and history.
  await go(page, `${home}/file/HEAD/src/main.rs`);
  await page.getByRole("link", { name: "Blame" }).click();
  await settled(page);
  const origins = await page.locator(".origin > a").allTextContents();
  assert.deepEqual(origins, ["Begin", "Another stone", "Begin"]);
  await accessible(page);
  await page.getByLabel("Path").getByRole("link", { name: "src" }).click();
  await settled(page);
  await page.locator(".actions").getByRole("link", { name: "History" }).click();
  await settled(page);
  assert.deepEqual(await page.locator(".commits .subject").allTextContents(), ["Another stone", "Begin"]);
  await accessible(page);

  // A commit: unified, split, the first one of all.
  await page.getByRole("link", { name: "Another stone" }).click();
  await settled(page);
  await page.getByText("// two stones").waitFor();
  assert.equal(await page.locator(".file").count(), 2);
  assert.equal(await page.locator("tr.deleted").count(), 1);
  // The long file is folded until somebody opens it.
  await page.locator(".file", { hasText: "src/long.rs" }).locator("summary").click();
  await page.getByText("let line_2999").waitFor();
  await page.getByRole("button", { name: "Split" }).click();
  assert.ok((await page.locator("td.deleted").count()) >= 1);
  await accessible(page);
  await go(page, `${home}/commit/${facts.first}`);
  assert.equal(await page.locator(".file").count(), 5);
  assert.equal(await page.locator(".pictures img").count(), 1);

  // Without white space: lines that are only indented are not shown.
  await go(page, `${home}/commit/${facts.second}`);
  await page.getByRole("link", { name: "Hide white space" }).click();
  await settled(page);
  assert.match(page.url(), /\?w$/);
  await page.getByText("// two stones").waitFor();
  await page.getByRole("link", { name: "Show white space" }).click();
  await settled(page);

  // Branches and tags, compared.
  await page.getByRole("link", { name: "Branches and tags" }).click();
  await settled(page);
  await page.getByRole("link", { name: "feature/arch", exact: true }).waitFor();
  await page.getByText(/\d+ ahead, \d+ behind/).first().waitFor();
  await accessible(page);
  await page.getByRole("link", { name: "v1", exact: true }).click();
  await settled(page);
  assert.deepEqual(await page.locator(".entries .entry").allTextContents(), ["docs", "src", "with space", "README.md"]);
  await go(page, `${home}/compare/v1...main`);
  await page.getByText("1 ahead, 0 behind").waitFor();
  assert.equal(await page.locator(".file").count(), 2);

  // Search in files, and for a file by the keyboard alone; names that a URL would misread.
  await go(page, `${home}/search/HEAD`);
  await page.getByRole("searchbox", { name: "A text in files" }).fill("found here");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "with space/ä #1?.txt" }).click();
  await settled(page);
  assert.equal(await page.locator(".lines td").nth(1).textContent(), "found here");
  await page.keyboard.press("t");
  await page.keyboard.type("srmain");
  await page.getByRole("option", { name: "src/main.rs" }).waitFor();
  await page.keyboard.press("Enter");
  await settled(page);
  assert.match(page.url(), /\/src\/main\.rs$/);
  await page.goBack();
  await page.waitForURL(/with%20space/);

  // On a phone, in the dark: nothing is wider than the window.
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 380, height: 800 });
  for (const view of ["", "/file/HEAD/src/main.rs", "/log/HEAD", `/commit/${facts.second}`, "/refs/HEAD", "/blame/HEAD/src/main.rs"]) {
    await go(page, home + view);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 380, `${view}: ${wide}`);
    await accessible(page);
  }
});

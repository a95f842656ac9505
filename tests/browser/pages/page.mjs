// The setting that all stories of pages share: a browser at a repository's page, which fails where a page
// complains.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import assert from "node:assert/strict";

import { open } from "../browser.mjs";

const axe = readFileSync(join(process.env.CAIRN_CLIENTS, "browser/node_modules/axe-core/axe.min.js"), "utf8");

/** Tells a story with a page at the repository's home. Fails if a page writes anything to the console. */
export async function story(tell, settings = {}) {
  const [home, facts] = process.argv.slice(2);
  const browser = await open();
  try {
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...settings });
    const page = await context.newPage();
    const complaints = [];
    page.on("console", (message) => complaints.push(`${page.url()}: ${message.text()}`));
    page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error}`));
    page.on("dialog", (dialog) => (complaints.push(`a dialog: ${dialog.message()}`), dialog.dismiss()));
    await tell({ page, home, facts: JSON.parse(facts), context, complaints });
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
}

/** Goes to a view below the repository's home, and waits until all that it asked for is there. */
export async function go(page, url) {
  await page.goto(url);
  await settled(page);
}

/** Signs in with a token, as somebody at a keyboard does, and waits until the page says so. */
export async function signIn(page, token) {
  const { origin } = new URL(process.argv[2]);
  await page.goto(`${origin}/signin`);
  await page.getByLabel(/A token/).fill(token);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/** Waits until nothing is loading. */
export async function settled(page) {
  await page.locator("main").waitFor();
  await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
}

/** The faults that axe finds for people who use a keyboard, a screen reader, or little contrast. */
export async function accessible(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`);
  assert.deepEqual(told, [], page.url());
}

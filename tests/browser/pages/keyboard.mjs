// Each view, without a mouse and beside its object: Tab reaches everything that can be pressed or filled in, and the
// view asks the repository's object for three things at most.

import assert from "node:assert/strict";

import { pressed, tabTo } from "./hands.mjs";
import { go, settled, signIn, story } from "./page.mjs";

const PRESSED_OR_FILLED = "a[href], button, input, select, textarea, summary, [tabindex='0']";

await story(async ({ page, home, facts }) => {
  const { origin, pathname } = new URL(home);
  const [, , namespace, repo] = pathname.split("/");
  await signIn(page, facts.operator);
  const path = encodeURIComponent("src/main.rs");
  const reading = ["", `/file/HEAD/${path}`, `/blame/HEAD/${path}`, "/log/HEAD", `/commit/${facts.second}`, "/compare/v1...main", "/refs/HEAD", "/search/HEAD?q=stone"];
  const writing = [`/edit/main/${path}`, "/new/main/src", "/upload/main/src", `/move/main/${path}`, `/delete/main/${path}`, "/reflog/main"];
  const place = ["", "/-/audit", `/${namespace}`, ...["new", "import", "deleted", "usage", "settings", "tokens", "webhooks", "events", "audit"].map((view) => `/${namespace}/${view}`)];
  const one = ["", "/settings", "/rules", "/maintenance", "/move", "/tokens", "/webhooks", "/events"].map((view) => `/${namespace}/repos/${repo}${view}`);
  const views = [...[...reading, ...writing].map((view) => home + view), ...[...place, ...one].map((view) => `${origin}/n${view}`)];

  const object = new RegExp(`^/api/v1/namespaces/${namespace}/repos/${repo}(/|$)`);
  let asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  for (const view of views) {
    asked = [];
    await go(page, view);
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    // The pictures of a README are its own.
    const ofObject = asked.filter((path) => object.test(path) && !/\.(png|svg)$/.test(path));
    assert.ok(ofObject.length <= 3, `${view} asks the object for\n${ofObject.join("\n")}`);
    const missed = await unreached(page);
    assert.deepEqual(missed, [], `${view}: Tab does not reach these`);
  }
  await writes(page, home);
});

/** A file is uploaded, moved and deleted by keys alone. */
async function writes(page, home) {
  const commit = async () => {
    await pressed(page, page.getByRole("button", { name: "Commit", exact: true }));
    await page.waitForURL(/\/tree\/main/);
    await settled(page);
  };
  const follow = async (name) => {
    await pressed(page, page.getByRole("link", { name, exact: true }).first());
    await settled(page);
  };
  await go(page, `${home}/upload/main/src`);
  await tabTo(page, page.locator("input[type=file]"));
  const chosen = page.waitForEvent("filechooser");
  // Enter does nothing there, in Chromium.
  await page.keyboard.press("Space");
  await (await chosen).setFiles([{ name: "keys.txt", mimeType: "text/plain", buffer: Buffer.from("keys\n") }]);
  await commit();
  await follow("keys.txt");
  await follow("Move");
  await tabTo(page, page.getByLabel("New path"));
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type("src/by keys.txt");
  await commit();
  await follow("by keys.txt");
  await follow("Delete");
  await commit();
  await go(page, `${home}/log/main`);
  for (const subject of ["Upload src/keys.txt", "Move src/keys.txt to src/by keys.txt", "Delete src/by keys.txt"]) {
    await page.getByText(subject).first().waitFor();
  }
}

/** The visible elements that can be pressed or filled in, and get no focus while Tab goes through the page. */
async function unreached(page) {
  await page.evaluate((wanted) => {
    const isSeen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: false }) && element.getClientRects().length > 0;
    // The arrows choose among radio buttons of one name.
    const isOne = (element) => element.type !== "radio" && !element.disabled && element.tabIndex >= 0;
    window.left = new Set([...document.querySelectorAll(wanted)].filter((element) => isSeen(element) && isOne(element)));
    addEventListener("focusin", ({ target }) => window.left.delete(target));
    window.left.delete(document.activeElement);
    document.activeElement?.blur();
  }, PRESSED_OR_FILLED);
  const left = () => page.evaluate(() => window.left.size);
  const most = (await left()) + 40;
  for (let step = 0; step < most && (await left()) > 0; step += 1) {
    // In the text of a file Tab indents, until Escape was pressed.
    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
  }
  return page.evaluate(() => [...window.left].map((element) => element.outerHTML.slice(0, 160)));
}

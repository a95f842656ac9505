// The helpers that the stories of writing share: a keyboard, and the acts of a page with a commit.

import assert from "node:assert/strict";

import { settled } from "./page.mjs";

/** Goes by Tab alone to the element that a locator finds, as somebody without a mouse does. */
export async function tabTo(page, locator) {
  await locator.waitFor();
  for (let step = 0; step < 90; step += 1) {
    if (await locator.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${locator}`);
}

/** Follows a link, or presses a button, by the keyboard alone. */
export async function pressed(page, locator) {
  await tabTo(page, locator);
  await page.keyboard.press("Enter");
}

/** Presses Commit, and waits until the page of the commit is there. */
export async function committed(page) {
  const before = page.url();
  await page.getByRole("button", { name: "Commit", exact: true }).click();
  await page.waitForURL((url) => url.href !== before);
  await settled(page);
}

/** Leaves out of a list of complaints that the browser logs every answer which refuses something. */
export function refusedOnly(complaints, status) {
  const others = complaints.filter((complaint) => !complaint.includes(`responded with a status of ${status}`));
  assert.equal(complaints.length - others.length > 0, true, `nothing was refused by ${status}`);
  complaints.splice(0, complaints.length, ...others);
}

/** Whether nothing is wider than the window. */
export async function fits(page, width) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= width, `${page.url()}: ${wide}`);
}

// The object of a repository has lost its data: the operator makes the repository again of what R2 has.

import assert from "node:assert/strict";

import { api, send, until } from "./acts.mjs";
import { accessible, go, settled, signIn, story } from "./page.mjs";

await story(async ({ page, home, facts, complaints }) => {
  const { origin } = new URL(home);
  const rest = api(origin, facts.operator);
  await go(page, home);
  await signIn(page, facts.operator);
  await go(page, `${origin}/n/pages/settings`);
  const recover = (id) => send(page, "Recover a lost repository", { Name: "found", "Id of the lost one": id }, "Recover it");
  // An id that R2 knows nothing of is refused in the place where it was asked for.
  await recover("0123456789abcdef");
  await page.getByRole("alert").waitFor();
  await recover(facts.lost);
  await page.getByRole("link", { name: "Open found" }).waitFor();
  await accessible(page);
  await until("the end of the recovery", async () => (await rest("/pages/repos/found")).result?.status === "ready");
  await page.getByRole("link", { name: "Open found" }).click();
  await settled(page);
  assert.equal((await rest("/pages/repos/found/log")).result[0].message, "Begin\n");

  const meant = complaints.filter((complaint) => / status of 4\d\d /.test(complaint));
  assert.deepEqual(complaints.splice(0), meant);
});

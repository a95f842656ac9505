// Branches and tags are made and deleted, merged, and brought back; commits are repeated and taken back.

import assert from "node:assert/strict";

import { fits, pressed, refusedOnly, tabTo } from "./hands.mjs";
import { accessible, go, settled, signIn, story } from "./page.mjs";

await story(async ({ page, home, facts, complaints }) => {
  await signIn(page, facts.token);
  const button = (name) => page.getByRole("button", { name, exact: true });
  const alert = (text) => page.getByRole("alert").getByText(text);

  // By keyboard alone: a branch, and an annotated tag.
  await go(page, `${home}/refs/HEAD`);
  await accessible(page);
  await pressed(page, button("New branch"));
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type("made/here");
  await accessible(page);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "made/here", exact: true }).waitFor();
  await settled(page);
  await pressed(page, button("New tag"));
  await page.keyboard.type("v2");
  await tabTo(page, page.getByLabel("Message"));
  await page.keyboard.type("The second one");
  await pressed(page, button("Make the tag"));
  await page.getByRole("link", { name: "v2", exact: true }).waitFor();
  // A name that is taken, and one that is not valid, are refused in the dialog; Escape closes it.
  await button("New branch").click();
  await page.getByLabel("Name", { exact: true }).fill("main");
  await button("Make the branch").click();
  await alert("There is a branch main already").waitFor();
  refusedOnly(complaints, 409);
  await page.getByLabel("Name", { exact: true }).fill("no..name");
  await button("Make the branch").click();
  await page.locator("[aria-invalid]").waitFor();
  refusedOnly(complaints, 400);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.ok(await button("New branch").evaluate((element) => element === document.activeElement), "the focus is back");

  // A page asks for the name before it destroys something.
  await button("Delete v1").click();
  await accessible(page);
  await page.getByLabel("Type v1 to confirm").fill("v");
  assert.ok(await button("Delete the tag").isDisabled());
  await page.getByLabel("Type v1 to confirm").fill("v1");
  await button("Delete the tag").click();
  await button("Delete v1").waitFor({ state: "detached" });
  await button("Delete gone").click();
  await page.getByLabel("Type gone to confirm").fill("gone");
  await page.keyboard.press("Enter");
  await button("Delete gone").waitFor({ state: "detached" });

  // A merge is shown before it is made, in each way.
  await go(page, `${home}/compare/${encodeURIComponent("main...clean")}`);
  await pressed(page, button("Merge…"));
  await page.getByRole("status").getByText("a merge commit, 1 file changes").waitFor();
  await accessible(page);
  await page.getByLabel("How").selectOption("ff_only");
  await alert("").waitFor();
  refusedOnly(complaints, 409);
  await page.getByLabel("How").selectOption("squash");
  await page.getByRole("status").getByText("one commit, 1 file changes").waitFor();
  await page.getByLabel("How").selectOption("merge");
  await tabTo(page, page.getByLabel("Message of the commit"));
  await page.keyboard.type("Merge what is clean");
  await pressed(page, button("Merge into main"));
  await page.getByRole("status").getByText("(merged)").waitFor();
  await button("Compare again").click();
  await page.getByText("0 ahead").waitFor();

  // Conflicts: their paths, kinds and both sides, and nothing to press.
  await go(page, `${home}/compare/${encodeURIComponent("main...torn")}`);
  await button("Merge…").click();
  const conflicts = page.getByRole("region", { name: "Conflicts" });
  await conflicts.getByText("2 conflicts").waitFor();
  await conflicts.getByText("one changed it, the other deleted it").waitFor();
  assert.match(await conflicts.locator("pre").first().textContent(), /<<<<<<<[^]*=======[^]*>>>>>>>/);
  assert.equal(await button("Merge into main").count(), 0);
  await accessible(page);

  // The branch moves between the preview and the merge.
  await go(page, `${home}/compare/${encodeURIComponent("main...late")}`);
  await button("Merge…").click();
  await button("Merge into main").waitFor();
  const told = await page.evaluate(
    async (path) => {
      const body = JSON.stringify({ branch: "main", message: "Meanwhile", files: [{ path: "meanwhile.txt", content: "x\n" }] });
      const headers = { "content-type": "application/json", "x-cairn-session": "1" };
      return (await fetch(path, { method: "POST", headers, body })).status;
    },
    facts.commits,
  );
  assert.equal(told, 201);
  await button("Merge into main").click();
  await alert("has moved meanwhile").waitFor();
  refusedOnly(complaints, 409);
  await button("Look again").click();
  await page.getByRole("status").getByText("No conflicts").waitFor();
  await button("Merge into main").click();
  await page.getByRole("status").getByText("(merged)").waitFor();

  // A commit is taken back on the default branch, and repeated on another one.
  await go(page, `${home}/log/clean`);
  await page.getByRole("link", { name: "Clean work", exact: true }).click();
  await settled(page);
  await accessible(page);
  await pressed(page, button("Take back"));
  await page.getByRole("dialog").waitFor();
  await accessible(page);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Revert \"Clean work\"" }).waitFor();
  await page.goBack();
  await button("Repeat on a branch").click();
  await page.getByLabel("On the branch").fill("made/here");
  await page.getByRole("dialog").getByRole("button", { name: "Repeat on a branch" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("heading", { name: "Clean work" }).waitFor();

  // The reflog: a branch gets its old files by a commit, another one is moved back, a deleted one returns.
  await go(page, `${home}/reflog/${encodeURIComponent("refs/heads/main")}`);
  await accessible(page);
  const entries = page.getByRole("button", { name: /^Restore main/ });
  await pressed(page, entries.last());
  await page.getByRole("dialog").waitFor();
  await accessible(page);
  await pressed(page, button("Make the commit"));
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await go(page, `${home}/reflog/${encodeURIComponent("refs/heads/made/here")}`);
  await page.getByRole("button", { name: /^Restore made\/here/ }).last().click();
  await page.getByLabel("How").selectOption("move");
  await page.getByLabel("Type made/here to confirm").fill("made/here");
  await accessible(page);
  await button("Move the branch").click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await go(page, `${home}/refs/HEAD`);
  await page.getByRole("link", { name: "Where all of them have been" }).click();
  await settled(page);
  await page.getByRole("listitem").filter({ hasText: "gone was deleted" }).getByRole("button").click();
  await button("Bring it back").click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("listitem").filter({ hasText: "gone began" }).first().waitFor();

  // On a phone, in the dark.
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 380, height: 800 });
  for (const view of ["/refs/HEAD", "/reflog/HEAD", `/compare/${encodeURIComponent("main...torn")}`]) {
    await go(page, home + view);
    await fits(page, 380);
    await accessible(page);
  }
});

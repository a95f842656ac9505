// Somebody with a namespace's admin token runs that namespace, and sees no other one.

import assert from "node:assert/strict";

import { api, destroy, send, until } from "./acts.mjs";
import { accessible, go, settled, signIn, story } from "./page.mjs";

await story(
  async ({ page, home, facts, complaints }) => {
    const { origin } = new URL(home);
    const rest = api(origin, facts.admin);
    const run = `${origin}/n`;

    // A reader who is not signed in is led to the page for that.
    await go(page, run);
    await page.getByText("Nobody is signed in").waitFor();
    await accessible(page);
    // A token that only reads runs nothing.
    await signIn(page, facts.reader);
    await go(page, `${run}/pages`);
    await page.getByText("This token runs nothing").waitFor();
    assert.equal(await page.locator("table").count(), 0);
    await go(page, home);
    assert.equal(await page.getByRole("link", { name: "Settings" }).count(), 0);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: "Sign in" }).waitFor();
    await signIn(page, facts.admin);

    await go(page, run);
    assert.deepEqual(await page.locator("tbody th a").allTextContents(), ["pages"]);
    assert.equal(await page.getByText("A new namespace").count(), 0);
    assert.equal(await page.getByRole("link", { name: "Audit log" }).count(), 0);
    await accessible(page);
    await page.locator("tbody").getByRole("link", { name: "pages" }).click();
    await settled(page);

    // A repository made, changed, deleted and restored.
    await page.getByRole("link", { name: "New repository" }).click();
    await send(page, "A new repository", { Name: "own" }, "Make it");
    await page.getByRole("link", { name: "Open own" }).click();
    await settled(page);
    await page.getByRole("link", { name: "Settings", exact: true }).click();
    await settled(page);
    await send(page, "About", { Description: "by its namespace" }, "Save");
    await until("the description", async () => (await rest("/pages/repos/own")).result.description === "by its namespace");
    await page.getByRole("link", { name: "Fork, rename, delete" }).click();
    assert.equal(await page.getByLabel("In the namespace").count(), 0, "a token is of one namespace");
    await destroy(page, page.getByRole("button", { name: "Delete", exact: true }), "own");
    await page.waitForURL(/\/n\/pages$/);
    await page.getByRole("link", { name: "Deleted" }).click();
    await page.getByRole("button", { name: "Restore" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Restore" }).click();
    await page.getByText("Nothing that can be restored.").waitFor();
    assert.equal((await rest("/pages/repos/own")).status, 200);

    // Tokens, but none that administer; settings, but none of the operator's.
    await page.getByRole("link", { name: "Tokens" }).click();
    await settled(page);
    assert.deepEqual(await page.getByLabel("May").locator("option").allTextContents(), ["read", "read and write"]);
    await send(page, "A new token", { Label: "ci" }, "Make it");
    await page.getByRole("row", { name: /ci/ }).waitFor();
    await page.getByRole("link", { name: "Settings" }).click();
    await settled(page);
    assert.equal(await page.getByText("Set by the operator").count(), 0);
    assert.equal(await page.getByText("Delete the namespace").count(), 0);
    await send(page, "What holds for its repositories", { "Its repositories take no pushes": true }, "Save");
    await until("the change", async () => (await rest("/pages")).result.read_only);
    // Lists go on where a page ends.
    const label = (number) => JSON.stringify({ repo: "quarry", label: `number ${number}` });
    await Promise.all(Array.from({ length: 55 }, (_, number) => rest("/pages/tokens", { method: "POST", body: label(number) })));
    const rows = { "repos/quarry/tokens": "tbody tr", events: ".events li", audit: "tbody tr" };
    for (const [view, row] of Object.entries(rows)) {
      await go(page, `${run}/pages/${view}`);
      await until(`a page of ${view}`, async () => (await page.locator(row).count()) >= 50);
      await page.getByRole("button", { name: "Show more" }).click();
      await until(`the next page of ${view}`, async () => (await page.locator(row).count()) > 55);
    }
    for (const view of ["webhooks", "events", "audit", "usage"]) {
      await go(page, `${run}/pages/${view}`);
      await accessible(page);
    }

    // Nothing of another namespace is shown, for any request. A browser notes each refusal in its console.
    for (const view of ["", "/tokens", "/webhooks", "/events", "/audit", "/usage", "/settings", "/deleted", "/repos/secret", "/repos/secret/settings"]) {
      await go(page, `${run}/other${view}`);
      await page.getByRole("alert").first().waitFor();
      const text = await page.locator("main").textContent();
      assert.ok(!text.includes("of others"), `${view}: ${text}`);
    }
    await go(page, `${run}/-/audit`);
    await page.getByRole("alert").waitFor();
    assert.ok(complaints.every((complaint) => / 40[134] /.test(complaint)), complaints.join("\n"));
    complaints.length = 0;
  },
);

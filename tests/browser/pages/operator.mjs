// The operator runs the place in a browser; the story asks the API for the results.

import assert from "node:assert/strict";
import { createServer } from "node:http";

import { api, destroy, send, until } from "./acts.mjs";
import { accessible, go, settled, signIn, story } from "./page.mjs";

// The deliveries that the webhook's receiver gets.
const received = [];
const receiver = createServer((request, answer) => {
  received.push(request.headers["webhook-id"]);
  request.resume().on("end", () => answer.writeHead(204).end());
});
await new Promise((ready) => receiver.listen(0, "127.0.0.1", ready));
const hook = `http://127.0.0.1:${receiver.address().port}/hook`;

await story(
  async ({ page, home, facts, context, complaints }) => {
    const { origin } = new URL(home);
    const rest = api(origin, facts.operator);
    const run = `${origin}/n`;
    const told = (text) => page.getByRole("status").getByText(text).first().waitFor();
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await go(page, home);
    await signIn(page, facts.operator);

    // Namespaces: made, found, opened.
    await go(page, run);
    await send(page, "A new namespace", { Name: "quarry", "Refuse what git's fsck --strict refuses": true }, "Make it");
    await page.getByRole("link", { name: "quarry" }).waitFor();
    assert.equal((await rest("/quarry")).result.fsck.strict, true);
    await send(page, "A new namespace", { Name: "quarry" }, "Make it");
    await page.getByRole("alert").waitFor();
    await accessible(page);
    await page.getByRole("searchbox").fill("quar");
    await until("the search", async () => (await page.locator("tbody tr").count()) === 1);
    await page.getByRole("link", { name: "quarry" }).click();
    await settled(page);

    await repositories({ page, rest, run, facts });
    await settings({ page, rest, run, told });
    await tokens({ page, rest, run, origin });
    await webhooks({ page, rest, run, told });
    await events({ page, rest, run });
    await maintenance({ page, run });
    await moves({ page, rest, run });
    await namespace({ page, rest, run, told });
    await phone({ page, run });

    // A page of the repository leads to its settings, and back.
    await go(page, home);
    await page.getByRole("link", { name: "Settings", exact: true }).click();
    await settled(page);
    assert.match(page.url(), /\/n\/pages\/repos\/\w+$/);
    await page.getByRole("link", { name: "Files", exact: true }).click();
    await page.waitForURL(home);

    // A browser notes each request that was refused: those were meant.
    const meant = complaints.filter((complaint) => / status of 4\d\d /.test(complaint));
    assert.deepEqual(complaints.splice(0), meant);
  },
).finally(() => receiver.close());

async function repositories({ page, rest, run, facts }) {
  await page.getByRole("link", { name: "New repository" }).click();
  await send(page, "A new repository", { Name: "stone", Description: "A first stone", "Everybody may read it": true, "Default branch": "trunk" }, "Make it");
  await page.getByRole("button", { name: /^Copy/ }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /^cairn_/);
  await accessible(page);
  const { result } = await rest("/quarry/repos/stone");
  assert.deepEqual([result.description, result.public, result.default_branch], ["A first stone", true, "trunk"]);

  // An import: first a server that refuses, then one that is followed until it is done, then one that breaks.
  const from = async (url, name) => {
    await go(page, `${run}/quarry/import`);
    await send(page, "Import a repository", { Name: name, From: url }, "Import it");
  };
  await from(`${facts.source}.absent`, "nothing");
  await page.getByRole("alert").waitFor();
  await accessible(page);
  await from(facts.source, "imported");
  await page.getByText("It is ready.").waitFor();
  assert.equal((await rest("/quarry/repos/imported")).result.status, "ready");
  await from(facts.broken, "broken");
  await page.getByRole("alert").getByText("its import failed").waitFor();
  await accessible(page);

  // The list: sorted, searched.
  await go(page, `${run}/quarry`);
  const names = () => page.locator("tbody th a").allTextContents();
  assert.deepEqual(await names(), ["imported", "stone"]);
  await page.getByLabel("Sorted by").selectOption("Newest");
  await page.getByLabel("Part of the name").fill("sto");
  await until("the search", async () => (await names()).join() === "stone");
  await accessible(page);
  // Chosen by who reads them, and by state.
  await page.getByLabel("Part of the name").fill("");
  await page.getByLabel("Read by").selectOption("Read with a token");
  await until("the private one", async () => (await names()).join() === "imported");
  await page.getByLabel("State").selectOption("Has an end");
  await page.getByText("No repository.").waitFor();
}

async function settings({ page, rest, run, told }) {
  const shown = async () => (await rest("/quarry/repos/stone")).result;
  await go(page, `${run}/quarry/repos/stone/settings`);
  await send(page, "About", { Description: "A better stone", "Everybody may read it": false }, "Save");
  await told("Saved.");
  await send(page, "Pushes", { "Search pushes for secrets, and refuse them": true, "Refuse to delete a ref": true }, "Save");
  const life = { "Deletes itself at": "2030-01-02T03:04", "Deletes itself when idle for": "30 days", "Size at most": "10 GiB" };
  await send(page, "Life and size", life, "Save");
  await until("all settings", async () => (await shown()).bytes_max === 10 * 2 ** 30);
  const { description, public: isPublic, push_protection, deny_deletes, idle_ttl_seconds } = await shown();
  assert.deepEqual([description, isPublic, push_protection, deny_deletes, idle_ttl_seconds], ["A better stone", false, true, true, 2_592_000]);
  // What holds is shown, whoever set it.
  assert.match(await page.getByLabel("Only in R2 after").inputValue(), /day/);
  await send(page, "Where packs lie", { "Copied to R2 after": "5 minutes" }, "Save");
  await until("the time", async () => (await shown()).settle_seconds === 300);
  assert.equal(Date.parse((await shown()).expires_at), Date.parse("2030-01-02T03:04"));
  // The page names a fault at its field.
  await send(page, "Life and size", { "Size at most": "a lot" }, "Save");
  await page.getByRole("alert").getByText("Size at most: A number").waitFor();
  assert.equal(await page.getByLabel("Size at most").getAttribute("aria-invalid"), "true");
  await send(page, "Pre-receive hook", { URL: "ftp://example.com/" }, "Ask this hook");
  await until("the URL", async () => (await page.getByLabel("URL", { exact: true }).getAttribute("aria-invalid")) === "true");
  await accessible(page);
  await send(page, "Pre-receive hook", { URL: "https://example.com/judge", "Refs that it judges": "refs/heads/main" }, "Ask this hook");
  await page.locator(".once").getByText("whsec_").waitFor();
  assert.equal((await shown()).pre_receive.refs[0], "refs/heads/main");
  await destroy(page, page.getByRole("button", { name: "Take the hook away" }), "stone");
  assert.equal((await shown()).pre_receive, null);

  await go(page, `${run}/quarry/repos/stone/rules`);
  await page.getByRole("button", { name: "Add a rule" }).click();
  await page.getByLabel("Pattern of rule 1").fill("refs/heads/trunk");
  await page.getByLabel("no-force-push").check();
  await accessible(page);
  await page.getByRole("button", { name: "Save" }).click();
  await told("Saved.");
  assert.deepEqual((await shown()).ref_rules, [["refs/heads/trunk", ["no-force-push"]]]);
  await send(page, "Would a change pass?", { Change: "move it by force" }, "Ask");
  await page.getByText("It would be refused.").waitFor();
}

async function tokens({ page, rest, run, origin }) {
  await go(page, `${run}/quarry/repos/stone/tokens`);
  await send(page, "A new token", { Label: "mason", May: "read", "Ends after": "2 hours" }, "Make it");
  const token = await page.locator(".once code").textContent();
  const path = "/quarry/repos/stone/refs";
  assert.equal((await api(origin, token)(path)).status, 200);
  await accessible(page);
  const row = page.getByRole("row", { name: /mason/ });
  await destroy(page, row.getByRole("button", { name: "Revoke" }), "mason");
  await row.waitFor({ state: "detached" });
  assert.equal((await api(origin, token)(path)).status, 401);

  // A token of the namespace, with rules of its own.
  await go(page, `${run}/quarry/tokens`);
  await page.getByRole("button", { name: "Add a rule" }).click();
  await page.getByLabel("Pattern of rule 1").fill("*");
  await page.getByLabel("no-delete").check();
  await send(page, "A new token", { Label: "all", May: "read and write", "Repositories that it opens": "stone" }, "Make it");
  await page.getByRole("row", { name: /all.*1 rule.*stone/ }).waitFor();
  const { result } = await rest("/quarry/tokens");
  assert.deepEqual([result[0].repos, result[0].refs], [["stone"], [["*", ["no-delete"]]]]);
  await accessible(page);
}

async function webhooks({ page, rest, run, told }) {
  await go(page, `${run}/quarry/webhooks`);
  await send(page, "A new webhook", { URL: hook, Events: "*" }, "Make it");
  await page.locator(".once").getByText("whsec_").waitFor();
  await accessible(page);
  await page.getByRole("link", { name: hook }).click();
  await settled(page);
  await page.getByRole("button", { name: "Ping it" }).click();
  await told("A ping is on its way.");
  await until("the ping", () => received.length === 1);
  const delivered = page.getByRole("row", { name: /webhook\.ping.*delivered/ });
  await until("its delivery", async () => {
    await page.getByRole("button", { name: "Look again" }).click();
    await settled(page);
    return delivered.count();
  });
  await delivered.getByRole("button", { name: "Send again" }).click();
  await until("the ping again", () => received.length === 2);
  assert.equal(received[0], received[1]);
  await page.getByRole("button", { name: "webhook.ping" }).first().click();
  await page.getByRole("dialog").getByText('"webhookId"').waitFor();
  await accessible(page);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await send(page, "Another secret", { "The former one signs as well for": "1 hour" }, "Change the secret");
  await page.locator(".once").getByText("whsec_").waitFor();
  await send(page, "What it gets", { Active: false }, "Save");
  await until("the pause", async () => (await rest("/quarry/webhooks")).result[0].active === false);
  await destroy(page, page.getByRole("button", { name: "Remove", exact: true }), hook);
  await page.getByText("No webhook.").waitFor();
  assert.deepEqual((await rest("/quarry/webhooks")).result, []);
}

async function events({ page, rest, run }) {
  await go(page, `${run}/quarry/repos/stone/events`);
  await page.getByText("repo.created").waitFor();
  // Changes appear by themselves while somebody looks.
  await rest("/quarry/repos/stone", { method: "PATCH", body: JSON.stringify({ description: "as it happens" }) });
  const newest = page.locator(".events li").first();
  await newest.locator("summary").getByText("description").waitFor();
  await newest.locator("summary").click();
  await newest.getByText("as it happens").first().waitFor();
  await accessible(page);

  await go(page, `${run}/quarry/audit`);
  await page.getByLabel("Act, or its beginning and *").fill("repo.token.*");
  await until("the acts", async () => {
    const acts = await page.locator("tbody summary").allTextContents();
    return acts.length > 0 && acts.every((act) => act.startsWith("repo.token."));
  });
  await accessible(page);
  await go(page, `${run}/-/audit`);
  await page.locator("tbody summary", { hasText: "namespace.created" }).first().waitFor();
  await accessible(page);
}

async function maintenance({ page, run }) {
  await go(page, `${run}/quarry/repos/imported/maintenance`);
  await send(page, "Start a task", { Task: "verify" }, "Start");
  await page.locator(".found").getByText("problems").first().waitFor();
  await page.getByRole("row", { name: /verify.*done/ }).waitFor();
  await destroy(page, page.getByRole("button", { name: "Purge" }), "imported");
  await page.locator(".found").getByText("packs rewritten").waitFor();
  await accessible(page);
}

async function moves({ page, rest, run }) {
  const names = async () => (await rest("/quarry/repos")).result.map(({ name }) => name);
  await go(page, `${run}/quarry/repos/imported/move`);
  await accessible(page);
  await send(page, "Fork", { "Name of the fork": "copy", Description: "of the import" }, "Fork it");
  await page.getByRole("link", { name: "Open copy" }).waitFor();
  assert.match((await rest("/quarry/repos/copy")).result.source, /imported/);
  await send(page, "Rename", { Name: "renamed" }, "Rename");
  await page.waitForURL(/\/renamed$/);
  await settled(page);
  assert.deepEqual(await names(), ["copy", "renamed", "stone"]);
  // To another namespace, which is made, and back.
  await go(page, `${run}/quarry/repos/renamed/move`);
  await send(page, "Rename", { Name: "moved", Namespace: "yard" }, "Rename");
  await page.waitForURL(/\/n\/yard\/repos\/moved$/);
  await settled(page);
  assert.deepEqual(await names(), ["copy", "stone"]);
  assert.equal((await rest("/yard/repos/moved")).result.name, "moved");
  await go(page, `${run}/yard/repos/moved/move`);
  await send(page, "Rename", { Name: "renamed", Namespace: "quarry" }, "Rename");
  await page.waitForURL(/\/n\/quarry\/repos\/renamed$/);
  await settled(page);

  await go(page, `${run}/quarry/repos/copy/move`);
  await destroy(page, page.getByRole("button", { name: "Delete for good" }), "copy");
  await page.waitForURL(/\/n\/quarry$/);
  await go(page, `${run}/quarry/repos/renamed/move`);
  await destroy(page, page.getByRole("button", { name: "Delete", exact: true }), "renamed");
  await page.waitForURL(/\/n\/quarry$/);
  assert.deepEqual(await names(), ["stone"]);

  await go(page, `${run}/quarry/deleted`);
  await accessible(page);
  await page.getByRole("button", { name: "Restore" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("back");
  await page.getByRole("dialog").getByRole("button", { name: "Restore" }).click();
  await page.getByText("Nothing that can be restored.").waitFor();
  assert.deepEqual(await names(), ["back", "stone"]);
  await rest("/quarry/repos/back", { method: "DELETE" });
  await go(page, `${run}/quarry/deleted`);
  await destroy(page, page.getByRole("button", { name: "Purge" }), "back");
  await page.getByText("Nothing that can be restored.").waitFor();
  assert.deepEqual((await rest("/quarry/deleted")).result, []);
}

async function namespace({ page, rest, run, told }) {
  await go(page, `${run}/quarry/usage`);
  await page.getByText("In SQLite").waitFor();
  await accessible(page);
  await go(page, `${run}/quarry/settings`);
  await send(page, "Set by the operator", { "Size at most": "1 TiB", "Repositories at most": "5" }, "Save");
  await told("Saved.");
  const { bytes_max, repos_max } = (await rest("/quarry")).result;
  assert.deepEqual([bytes_max, repos_max], [2 ** 40, 5]);
  await send(page, "Signed tokens", { "Issuers of signed tokens": "[" }, "Save");
  await page.getByRole("alert").waitFor();
  await accessible(page);
  await send(page, "Revoke one signed token", { "Its issuer": "https://issuer.example.com", "Its id": "one" }, "Revoke it");
  const revoked = (event) => /token\.revoked$/.test(event.type) && JSON.stringify(event).includes("issuer.example.com");
  await until("the revocation", async () => (await rest("/quarry/events?limit=200")).result.some(revoked));
  await destroy(page, page.getByRole("button", { name: "Revoke all tokens" }), "quarry");
  await page.getByText("Tokens revoked that were made before").waitFor();
  await send(page, "Find repositories that are missing from the list", { "Names to ask": "stone" }, "Look");
  await page.locator(".found").getByText("listed").waitFor();

  // A namespace with a repository is refused, in the place where it was asked for.
  await page.getByRole("button", { name: "Delete the namespace" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Type quarry to confirm").fill("quarry");
  await dialog.getByRole("button", { name: "Delete the namespace" }).click();
  await dialog.getByRole("alert").waitFor();
  await accessible(page);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await rest("/quarry/repos/stone?purge=true", { method: "DELETE" });
  await destroy(page, page.getByRole("button", { name: "Delete the namespace" }), "quarry");
  await page.waitForURL(/\/n$/);
  assert.equal((await rest("/quarry")).status, 404);
}

async function phone({ page, run }) {
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 380, height: 800 });
  const repository = `${run}/pages/repos/quarry`;
  for (const view of [run, `${run}/pages`, `${run}/pages/tokens`, `${run}/pages/audit`, `${run}/pages/settings`, repository, `${repository}/settings`, `${repository}/maintenance`]) {
    await go(page, view);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 380, `${view}: ${wide}`);
    await accessible(page);
  }
}

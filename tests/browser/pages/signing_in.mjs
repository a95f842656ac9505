// Somebody signs in and out, and reads a private repository.

import assert from "node:assert/strict";

import { accessible, go, settled, signIn, story } from "./page.mjs";

await story(async ({ page, home, facts, context, complaints }) => {
  const { origin, pathname } = new URL(home);
  const main = async (url) => {
    await go(page, url);
    return (await page.locator("body").innerText()).replaceAll(/\b(private|absent)\b/g, "NAME");
  };

  // To a stranger it is as if it did not exist.
  assert.equal(await main(home), await main(`${origin}/r/pages/absent`));
  await go(page, `${home}/log/HEAD`);
  await accessible(page);

  // The page leads to where one signs in, by the keyboard alone.
  await page.getByRole("alert").getByRole("link", { name: "Sign in" }).focus();
  await page.keyboard.press("Enter");
  await page.getByLabel(/A token/).waitFor();
  assert.equal(new URL(page.url()).pathname, "/signin");
  await accessible(page);
  assert.ok(await page.getByLabel(/A token/).evaluate((field) => field === document.activeElement), "it has the focus");
  await page.keyboard.type("cairn_08umpsRGMi9hXbwR6pXWz2Ckob64ZE8ep");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("No token like this").waitFor();
  await accessible(page);
  assert.deepEqual(await context.cookies(), []);
  await page.keyboard.press("Control+A");
  await page.keyboard.type(facts.token);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${home}/log/HEAD`);
  await page.getByText("Private things").waitFor();
  await accessible(page);

  // The browser has a cookie that no script sees, and the page has the token nowhere.
  const [cookie, ...others] = await context.cookies();
  assert.deepEqual(others, []);
  const { name, path, httpOnly, secure, sameSite } = cookie;
  assert.deepEqual({ name, path, httpOnly, secure, sameSite }, {
    name: "__Host-cairn-session",
    path: "/",
    httpOnly: true,
    secure: true,
    sameSite: "Strict",
  });
  const hours = (cookie.expires - Date.now() / 1000) / 3600;
  assert.ok(hours > 11.9 && hours <= 12.01, `${hours}`);
  const kept = await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length, document.documentElement.outerHTML]);
  // The page keeps only the fact that somebody is signed in.
  assert.deepEqual(kept.slice(0, 3), ["", 1, 0]);
  for (const secret of [facts.token, cookie.value]) assert.ok(!kept[3].includes(secret) && !page.url().includes(secret));

  // Every view of it, its picture, its bytes and its archive.
  for (const view of ["", "/file/HEAD/src/main.rs", "/blame/HEAD/src/main.rs", `/commit/${facts.tip}`, "/refs/HEAD", "/search/HEAD?q=stone"]) {
    await go(page, home + view);
    assert.equal(await page.getByRole("alert").count(), 0, view);
    await page.getByRole("button", { name: "Sign out" }).waitFor();
  }
  await go(page, home);
  await page.waitForFunction(() => document.querySelector(".prose img")?.naturalWidth === 1);
  const downloading = page.waitForEvent("download");
  await page.getByRole("link", { name: "zip" }).click();
  assert.equal(await (await downloading).failure(), null);
  const raw = `${origin}/api/v1/namespaces/pages/repos/private/raw/HEAD/src/main.rs`;
  const typed = await context.newPage();
  assert.equal((await typed.goto(raw)).status(), 200, "an address typed by hand");
  await typed.close();

  // Git's paths do not know the cookie.
  const git = `/git${pathname.slice(2)}.git/info/refs?service=git-upload-pack`;
  assert.equal(await page.evaluate(async (git) => (await fetch(git)).status, git), 401);

  // Where one wants to go is a page of this server.
  for (const next of ["https://example.com/", "//example.com/x", "/\\example.com", "javascript:alert(1)", "/api/v1/session", "/git/a/b"]) {
    await page.goto(`${origin}/signin?next=${encodeURIComponent(next)}`);
    await page.getByLabel(/A token/).fill(facts.token);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${origin}/n`);
  }

  // Signed out, by the keyboard.
  await go(page, home);
  await page.getByRole("button", { name: "Sign out" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("you may not see it").waitFor();
  assert.deepEqual(await context.cookies(), []);

  // A token that is revoked takes its session along.
  await signIn(page, facts.revocable.token);
  await go(page, home);
  await page.getByText("Private things").first().waitFor();
  const revoke = `${origin}/api/v1/namespaces/pages/tokens/${facts.revocable.id}`;
  const revoked = await fetch(revoke, { method: "DELETE", headers: { authorization: `Bearer ${facts.key}` } });
  assert.equal(revoked.status, 200);
  await go(page, home);
  await page.getByRole("alert").getByRole("link", { name: "Sign in" }).waitFor();
  assert.deepEqual(await context.cookies(), [], "the cookie went with it");
  await settled(page);

  // A browser tells of each answer that is a refusal.
  const told = complaints.filter((complaint) => !/Failed to load resource.* 40[134]/.test(complaint));
  complaints.splice(0, complaints.length, ...told);
});

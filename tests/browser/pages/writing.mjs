// Files are edited, made, moved, deleted and uploaded; afterwards git checks the branch.

import assert from "node:assert/strict";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { committed, fits, pressed, tabTo } from "./hands.mjs";
import { accessible, go, settled, signIn, story } from "./page.mjs";

await story(async ({ page, home, facts }) => {
  // A reader who may only read sees nothing that writes.
  const writes = page.locator("main").getByRole("link", { name: /^(Edit|Move|Delete|New file|Upload)$/ });
  await go(page, `${home}/file/HEAD/src/main.rs`);
  assert.equal(await writes.count(), 0);
  await signIn(page, facts.reader);
  await go(page, `${home}/file/HEAD/src/main.rs`);
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  assert.equal(await writes.count(), 0);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("link", { name: "Sign in", exact: true }).waitFor();
  await signIn(page, facts.token);
  const content = page.locator("textarea.typing");

  // By mouse: a file is changed, looked at before and committed.
  await go(page, `${home}/file/HEAD/src/main.rs`);
  await page.getByRole("link", { name: "Edit", exact: true }).click();
  await settled(page);
  assert.equal(await content.inputValue(), "fn main() {\n    println!(\"stone\");\n}\n");
  await accessible(page);
  assert.ok(await page.getByRole("button", { name: "Commit", exact: true }).isDisabled(), "nothing is changed yet");
  await content.fill("fn main() {\n    println!(\"two stones\");\n}\n");
  await page.getByRole("button", { name: "Preview the changes" }).click();
  await page.locator("tr.added", { hasText: "two stones" }).waitFor();
  assert.equal(await page.locator("tr.deleted").count(), 1);
  await accessible(page);
  await committed(page);
  assert.match(page.url(), /\/file\/HEAD\/src\/main\.rs$/);
  await page.getByText("two stones").waitFor();

  // Typed text outlives a link and a step back, and can be thrown away.
  await page.getByRole("link", { name: "Edit", exact: true }).click();
  await content.fill("half a thought");
  await page.getByRole("link", { name: "History", exact: true }).click();
  await settled(page);
  await page.goBack();
  await page.getByText("is back").waitFor();
  assert.equal(await content.inputValue(), "half a thought");
  await page.getByRole("button", { name: "Discard it" }).click();
  await page.waitForFunction(() => document.querySelector("textarea.typing")?.value.startsWith("fn main"));

  // By keyboard alone: a file is made on a branch of its own.
  await go(page, `${home}/tree/HEAD/src`);
  await pressed(page, page.getByRole("link", { name: "New file" }));
  await settled(page);
  await tabTo(page, page.getByLabel("Path", { exact: true }).and(page.locator("input")));
  await page.keyboard.press("End");
  await page.keyboard.type("deep/arch.rs");
  await tabTo(page, content);
  await page.keyboard.type("fn arch() {");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.type("stone();");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.type("}");
  await page.keyboard.press("Enter");
  assert.equal(await content.inputValue(), "fn arch() {\n    stone();\n}\n");
  // Escape lets Tab leave the text; Ctrl+S goes to the message.
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  assert.ok(await content.evaluate((element) => element !== document.activeElement));
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Control+s");
  const message = page.getByLabel("Commit message");
  assert.ok(await message.evaluate((element) => element === document.activeElement));
  await page.keyboard.press("Control+a");
  await page.keyboard.type("An arch");
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowDown");
  await tabTo(page, page.getByLabel("Name of the new branch"));
  await page.keyboard.type("feature/arch");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/file\/refs%2Fheads%2Ffeature%2Farch\/src\/deep\/arch\.rs$/);
  await settled(page);

  // A path that is taken is not written over.
  await go(page, `${home}/new/HEAD/src`);
  await page.getByLabel("Path", { exact: true }).and(page.locator("input")).fill("src/main.rs");
  await page.getByRole("button", { name: "Commit", exact: true }).click();
  await page.getByRole("alert").getByText("There is something at src/main.rs already").waitFor();
  await page.getByLabel("Path", { exact: true }).and(page.locator("input")).fill("src/");

  // Moved and changed in one commit; moved as it is; a directory deleted. The line endings of Windows stay.
  await go(page, `${home}/edit/HEAD/notes/windows.txt`);
  await content.fill("one\ntwo\nthree\n");
  await page.getByLabel("Path", { exact: true }).and(page.locator("input")).fill("notes/kept.txt");
  await committed(page);
  await go(page, `${home}/tree/HEAD/old`);
  await page.getByRole("link", { name: "Move", exact: true }).click();
  await settled(page);
  await page.getByLabel("New path").fill("new/place");
  await accessible(page);
  await committed(page);
  assert.match(page.url(), /\/tree\/HEAD\/new$/);
  await go(page, `${home}/tree/HEAD/waste`);
  await page.getByRole("link", { name: "Delete", exact: true }).click();
  await settled(page);
  await page.getByRole("button", { name: "Preview the changes" }).click();
  await page.locator(".file .path", { hasText: "waste/deep/b.txt" }).waitFor();
  assert.equal(await page.locator(".file").count(), 2);
  await accessible(page);
  await committed(page);

  // Files are chosen, dropped, left out, and one replaces another one.
  await go(page, `${home}/upload/HEAD/src`);
  await page.locator("input[type=file]").setInputFiles([
    { name: "data.bin", mimeType: "application/octet-stream", buffer: Buffer.from([0, 1, 2, 255]) },
    { name: "main.rs", mimeType: "text/plain", buffer: Buffer.from("fn main() {}\n") },
    { name: "left out.txt", mimeType: "text/plain", buffer: Buffer.from("x") },
  ]);
  const dropped = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["dropped\n"], "dropped.txt"));
    return transfer;
  });
  await page.locator(".drop").dispatchEvent("drop", { dataTransfer: dropped });
  await page.getByRole("button", { name: "Leave out left out.txt" }).click();
  assert.equal(await page.getByLabel("Chosen files").getByRole("listitem").count(), 3);
  await page.getByRole("button", { name: "Preview the changes" }).click();
  await page.locator("tr.deleted", { hasText: "two stones" }).waitFor();
  await accessible(page);
  await committed(page);
  await page.getByRole("link", { name: "dropped.txt" }).waitFor();
  // A file in several pieces, an empty one, and attributes, which the server must know before the bytes.
  await go(page, `${home}/upload/HEAD/large`);
  await page.locator("input[type=file]").setInputFiles([
    { name: "pieces.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(12 << 20, "stone") },
    { name: "empty", mimeType: "text/plain", buffer: Buffer.alloc(0) },
    { name: ".gitattributes", mimeType: "text/plain", buffer: Buffer.from("*.txt text\n") },
  ]);
  await committed(page);
  await page.getByRole("link", { name: "pieces.bin" }).waitFor();
  // More than one commit takes is told before anything is sent. The file has a hole and no bytes.
  const sparse = join(process.cwd(), "sparse");
  writeFileSync(sparse, "");
  truncateSync(sparse, 2 ** 31);
  await go(page, `${home}/upload/HEAD`);
  await page.locator("input[type=file]").setInputFiles(sparse);
  await page.getByRole("alert").getByText("2.0 GiB").waitFor();
  assert.ok(await page.getByRole("button", { name: "Commit", exact: true }).isDisabled());

  // On a phone, in the dark.
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 380, height: 800 });
  for (const view of ["/edit/HEAD/src/main.rs", "/new/HEAD/src", "/upload/HEAD/src", "/move/HEAD/src/main.rs", "/delete/HEAD/src"]) {
    await go(page, home + view);
    await fits(page, 380);
    await accessible(page);
  }
});

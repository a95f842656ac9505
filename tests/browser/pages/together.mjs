// Two people edit the same file at the same time: the second one is told, and loses nothing.

import assert from "node:assert/strict";

import { committed, refusedOnly } from "./hands.mjs";
import { accessible, go, settled, signIn, story } from "./page.mjs";

await story(async ({ page: mine, home, facts, context, complaints }) => {
  const theirs = await context.newPage();
  await signIn(mine, facts.token);
  const textOf = (page) => page.locator("textarea.typing");
  const lines = (...changed) => ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"].map((line) => changed.find((other) => other.startsWith(line)) ?? line).join("\n") + "\n";
  const commitAndHear = async () => {
    await mine.getByRole("button", { name: "Commit", exact: true }).click();
    await mine.getByRole("alert").getByText("has moved since you began").waitFor();
    refusedOnly(complaints, 409);
  };
  const goOn = () => mine.getByRole("button", { name: "Continue on the new main" }).click();
  const edit = `${home}/edit/HEAD/count.txt`;

  // Others changed another file.
  await go(mine, edit);
  await textOf(mine).fill(lines("one of mine"));
  await go(theirs, `${home}/edit/HEAD/other.txt`);
  await textOf(theirs).fill("changed\n");
  await committed(theirs);
  await commitAndHear();
  assert.equal(await textOf(mine).inputValue(), lines("one of mine"));
  await accessible(mine);
  await goOn();
  await mine.getByRole("status").getByText("did not change this file").waitFor();
  await committed(mine);

  // Others changed other lines: both changes stand.
  await go(mine, edit);
  await textOf(mine).fill(lines("one of mine", "two of mine"));
  await go(theirs, edit);
  await textOf(theirs).fill(lines("one of mine", "nine of theirs"));
  await committed(theirs);
  await commitAndHear();
  await goOn();
  await mine.getByRole("status").getByText("in other lines").waitFor();
  assert.equal(await textOf(mine).inputValue(), lines("one of mine", "two of mine", "nine of theirs"));
  await committed(mine);

  // Others changed the same line: mine is kept beside theirs, and goes to a branch of its own.
  await go(mine, edit);
  await textOf(mine).fill(lines("one again of mine", "two of mine", "nine of theirs"));
  await go(theirs, edit);
  await textOf(theirs).fill(lines("one of theirs", "two of mine", "nine of theirs"));
  await committed(theirs);
  await commitAndHear();
  await goOn();
  await mine.getByText("Others changed the same lines").waitFor();
  assert.equal(await textOf(mine).inputValue(), lines("one again of mine", "two of mine", "nine of theirs"));
  await mine.getByRole("button", { name: "Preview the changes" }).click();
  await mine.locator("tr.deleted", { hasText: "one of theirs" }).waitFor();
  await accessible(mine);
  await mine.getByRole("button", { name: "Load their text, and show mine beside it" }).click();
  assert.equal(await textOf(mine).inputValue(), lines("one of theirs", "two of mine", "nine of theirs"));
  assert.equal(await mine.locator("details pre").textContent(), lines("one again of mine", "two of mine", "nine of theirs"));
  await textOf(mine).fill(lines("one of both", "two of mine", "nine of theirs"));
  await mine.getByLabel("a new branch").check();
  await mine.getByLabel("Name of the new branch").fill("both");
  await committed(mine);
  await settled(mine);

  // The branch goes away while somebody types.
  await go(mine, `${home}/edit/${encodeURIComponent("refs/heads/both")}/other.txt`);
  await textOf(mine).fill("typed\n");
  await go(theirs, `${home}/refs/HEAD`);
  await theirs.getByRole("button", { name: "Delete both" }).click();
  await theirs.getByLabel("Type both to confirm").fill("both");
  await theirs.getByRole("button", { name: "Delete the branch" }).click();
  await theirs.getByRole("button", { name: "Delete both" }).waitFor({ state: "detached" });
  await mine.getByRole("button", { name: "Commit", exact: true }).click();
  await mine.getByRole("alert").getByText("does not exist any more").waitFor();
  refusedOnly(complaints, 409);
  assert.equal(await textOf(mine).inputValue(), "typed\n");
  await mine.getByLabel("a new branch").check();
  await mine.getByLabel("Name of the new branch").fill("rescued");
  await committed(mine);
});

// The acts that stories do with forms, and their questions to the server about the result.

import assert from "node:assert/strict";

/** Fills in the form below a heading, by the labels of its fields, and sends it. */
export async function send(page, title, fields, submit) {
  const form = page.locator("section.group", { has: page.getByRole("heading", { name: title, exact: true }) });
  for (const [label, value] of Object.entries(fields)) {
    const field = form.getByLabel(label, { exact: true });
    if (typeof value === "boolean") await field.setChecked(value);
    else if (await field.evaluate((element) => element.localName === "select")) await field.selectOption(value);
    else await field.fill(value);
  }
  await form.getByRole("button", { name: submit, exact: true }).click();
}

/** Destroys something: the button does nothing until the name is typed. */
export async function destroy(page, button, name) {
  const label = await button.textContent();
  await button.click();
  const dialog = page.getByRole("dialog");
  const submit = dialog.getByRole("button", { name: label, exact: true });
  assert.equal(await submit.isDisabled(), true);
  await dialog.getByLabel(`Type ${name} to confirm`).fill(name);
  await submit.click();
  await dialog.waitFor({ state: "detached" });
}

/** Waits until a function tells something. */
export async function until(what, ask) {
  for (let left = 200; left > 0; left -= 1) {
    const found = await ask();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`not in ten seconds: ${what}`);
}

/** Asks the API with a token, as any program does. */
export function api(origin, token) {
  return async (path, init = {}) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const answer = await fetch(`${origin}/api/v1/namespaces${path}`, { headers, ...init });
    return { status: answer.status, ...(await answer.json().catch(() => ({}))) };
  };
}

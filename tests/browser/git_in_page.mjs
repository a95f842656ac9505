// git_in_page.mjs <port> <remote>: isomorphic-git in a page of http://localhost:<port>, a listed origin,
// clones, commits and pushes; one of http://127.0.0.1:<port>, which is not listed, gets nothing. Prints the
// pages' findings.

import { bundled, open, serve } from "./browser.mjs";

const [port, url] = process.argv.slice(2);
const end = await serve(Number(port), {
  "/": '<!doctype html><title>Git</title><script src="/work.js"></script>',
  "/work.js": await bundled("git_work.mjs"),
});
const browser = await open();
try {
  const seen = {
    version: browser.version(),
    listed: await inPage(`http://localhost:${port}/`),
    unlisted: await inPage(`http://127.0.0.1:${port}/`),
  };
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
  end();
}

async function inPage(address) {
  const page = await browser.newPage();
  await page.goto(address);
  const given = { url, token: process.env.CAIRN_TOKEN };
  const seen = await page.evaluate((given) => cairn.work(given).catch(String), given);
  await page.close();
  return seen;
}

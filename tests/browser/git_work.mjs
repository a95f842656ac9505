// A page at work with isomorphic-git, as that library's documentation shows it:
// https://isomorphic-git.org/docs/en/browser

import LightningFS from "@isomorphic-git/lightning-fs";
import { Buffer } from "buffer";
import git from "isomorphic-git";
import http from "isomorphic-git/http/web";

globalThis.Buffer = Buffer;

// Clones, commits a file and pushes it; gives the page's findings.
export async function work({ url, token }) {
  const fs = new LightningFS("repository");
  const dir = "/work";
  const server = {
    fs,
    http,
    dir,
    onAuth: () => ({ username: "x", password: token }),
    onAuthFailure: () => ({ cancel: true }),
  };
  await git.clone({ ...server, url });
  const { length } = await git.log({ fs, dir });
  await fs.promises.writeFile(`${dir}/page.txt`, `of a page of ${location.origin}\n`);
  await git.add({ fs, dir, filepath: "page.txt" });
  const author = { name: "A Page", email: "page@example.com" };
  const commit = await git.commit({ fs, dir, message: "from a page\n", author });
  const { ok } = await git.push({ ...server, remote: "origin", ref: "main" });
  return { length, commit, ok };
}

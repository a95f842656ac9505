// git's own process on a local repository: the yardstick for operations that git's server does not have.

import { rmSync } from "node:fs";
import { join } from "node:path";

import { childrenCpuMs } from "./processes.mjs";

/** A copy of the source that the rows may write to. */
export async function gitProcess({ git, scratch }, source) {
  const folder = join(scratch, "local");
  await git(["clone", "--quiet", "--mirror", source.folder, folder]);
  return new GitProcess(git, folder);
}

class GitProcess {
  // The column of the table, as for git's server.
  name = "git";

  constructor(git, folder) {
    Object.assign(this, { git, folder });
  }

  /** Milliseconds of CPU that git's processes have used so far. */
  cpuMs() {
    return childrenCpuMs();
  }

  /** Runs git in the copy; gives the bytes that it printed. */
  async bytes(args, input) {
    return (await this.git.bytes(["-C", this.folder, ...args], input)).length;
  }

  /** As `bytes`, of a command that ends with 1 because it finds nothing. */
  async nothing(args) {
    const found = await this.bytes(args).catch(({ message }) => message);
    if (!String(found).includes(": status 1\n")) throw new Error(`git ${args[0]}: ${found}`);
    return 0;
  }

  /** Runs git in the copy; gives what it printed. */
  text(args, input) {
    return this.git(["-C", this.folder, ...args], input);
  }

  /** One commit on a branch, by one process. */
  commit(branch, parent, path, content) {
    return this.text(["fast-import", "--quiet", "--done"], [oneCommit(branch, parent, path, content)]);
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function oneCommit(branch, parent, path, content) {
  const data = (text) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  return [
    `commit refs/heads/${branch}\n`,
    "committer Bench <bench@example.com> 1700000000 +0000\n",
    data(`change ${path}`),
    `from ${parent}\n`,
    `M 100644 inline ${path}\n${data(content)}`,
    "done\n",
  ].join("");
}

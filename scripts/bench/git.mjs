// git as the client of both servers, with no configuration but this.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { run } from "./processes.mjs";

const CONFIG = `[user]
	name = Bench
	email = bench@example.com
[gc]
	auto = 0
[maintenance]
	auto = false
[receive]
	autogc = false
[advice]
	detachedHead = false
[init]
	defaultBranch = main
`;

/**
 * A `git` whose home is below `scratch`. Gives its output, without the last newline; `bytes` gives
 * it as it is.
 */
export function gitIn(scratch) {
  const home = join(scratch, "home");
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, ".gitconfig"), CONFIG);
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_AUTHOR_DATE: "1700000000 +0000",
    GIT_COMMITTER_DATE: "1700000000 +0000",
  };
  const bytes = (args, input) => run("git", args, { env, input });
  const text = async (args, input) => (await bytes(args, input)).toString().trimEnd();
  return Object.assign(text, { bytes });
}

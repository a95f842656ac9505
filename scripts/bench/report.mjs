// The report of a run: JSON for programs, a table for people.

import { cpus, release, totalmem } from "node:os";

import { meanCpuMs, medianMs } from "./measure.mjs";
import { run } from "./processes.mjs";

/** The machine and the versions that a run was made with. */
export async function circumstances(git, root) {
  const said = async (command, args) => {
    try {
      return (await run(command, args)).toString().trim();
    } catch {
      return null;
    }
  };
  return {
    date: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model,
      cores: cpus().length,
      memory_bytes: totalmem(),
      kernel: release(),
    },
    versions: {
      cairn: await said("git", ["-C", root, "describe", "--always", "--dirty"]),
      git: await git(["version"]),
      node: process.version,
      workerd: await said(`${root}/node_modules/.bin/workerd`, ["--version"]),
    },
  };
}

/** The rows with their medians, as Markdown. */
export function table(rows) {
  const lines = [
    "| repository | operation | Cairn | git | ratio | Cairn CPU | git CPU | ratio |",
    "|---|---|--:|--:|--:|--:|--:|--:|",
  ];
  for (const row of rows) {
    const cells = row.failed ? [`failed: ${row.failed.split("\n")[0]}`, ...Array(5).fill("")] : figures(row);
    lines.push(`| ${[row.repository, row.operation, ...cells].join(" | ")} |`);
  }
  return `${lines.join("\n")}\n`;
}

function figures({ samples: { cairn, git } }) {
  return [medianMs, meanCpuMs].flatMap((of) => {
    if (git === undefined) return [shown(of(cairn)), "", ""];
    const ratio = of(git) > 0 ? (of(cairn) / of(git)).toFixed(2) : "";
    return [shown(of(cairn)), shown(of(git)), ratio];
  });
}

function shown(ms) {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

/** The rows with every sample and their results. */
export function summary(rows) {
  return rows.map((row) => {
    const servers = Object.entries(row.samples).filter(([, samples]) => samples.length > 0);
    const figure = ([name, samples]) => [
      name,
      { wall_ms: round(medianMs(samples)), cpu_ms: round(meanCpuMs(samples)) },
    ];
    return { ...row, ...Object.fromEntries(servers.map(figure)) };
  });
}

function round(ms) {
  return Math.round(ms * 100) / 100;
}

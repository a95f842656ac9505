// A large object of Git LFS goes up and down, on Cairn and on a plain Worker by turns: time, and CPU of the
// processes. The difference between the two is Cairn's own cost. Samples of the isolate do not tell that:
// V8 takes none while the isolate waits, and counts the wait for the next one.
//
// Environment: BENCH_LFS_BYTES (1 GiB), BENCH_LFS_ROUNDS (3).

import { download, largeFile, upload } from "./large_file.mjs";
import { medianMs, pause } from "./measure.mjs";
import { startPlain } from "./plain.mjs";

const BYTES = Number(process.env.BENCH_LFS_BYTES || 2 ** 30);
const ROUNDS = Number(process.env.BENCH_LFS_ROUNDS || 3);
const AFTERMATH_MS = 200;
const HEAP_POLL_MS = 50;
const WAYS = [["up", upload], ["down", download]];

/** Prints the figures. */
export async function largeTransfers(scratch, cairn, repository) {
  const base = `${repository.url}/info/lfs/objects`;
  const ours = {
    name: "cairn",
    cpuMs: () => cairn.cpuMs(),
    headers: repository.headers,
    uploadUrl: ({ oid, bytes }) => `${base}/${oid}/${bytes}`,
    downloadUrl: ({ oid }) => `${base}/${oid}`,
  };
  const plain = await startPlain(scratch);
  const samples = Object.fromEntries(WAYS.map(([way]) => [way, { cairn: [], plain: [] }]));
  for (let round = 0; round < ROUNDS; round += 1) {
    // Another object each time: one that is there is not written again.
    const file = await largeFile(scratch, BYTES - round);
    for (const [way, transfer] of WAYS) {
      // The second may find a warmer machine.
      for (const server of round % 2 === 0 ? [ours, plain] : [plain, ours]) {
        samples[way][server.name].push(await cost(server, () => transfer(server, file)));
      }
    }
  }
  await plain.stop();
  const file = await largeFile(scratch, BYTES - ROUNDS);
  const heap = async () => (await cairn.stats(repository)).isolate.heap_bytes;
  const grown = {};
  for (const [way, transfer] of WAYS) grown[way] = await grownBytes(heap, () => transfer(ours, file));
  print(samples, grown);
}

async function cost(server, transfer) {
  const cpu = server.cpuMs();
  const started = performance.now();
  await transfer();
  const wallMs = performance.now() - started;
  await pause(AFTERMATH_MS);
  return { wallMs, cpuMs: server.cpuMs() - cpu };
}

// By how much the heap grew at most. In a round of its own, since to ask for it costs CPU.
async function grownBytes(heap, transfer) {
  const idle = await heap();
  let most = idle;
  let isOver = false;
  const going = transfer().finally(() => (isOver = true));
  while (!isOver) {
    most = Math.max(most, await heap());
    await pause(HEAP_POLL_MS);
  }
  await going;
  return most - idle;
}

function print(samples, grown) {
  const cpu = (each) => each.map(({ cpuMs }) => cpuMs).sort((a, b) => a - b)[each.length >> 1];
  console.log(`\nAn object of ${BYTES} bytes by Git LFS; medians of ${ROUNDS}\n`);
  console.log("| | Cairn, s | plain Worker, s | throughput | CPU Cairn, ms | CPU plain, ms | own CPU, ms | heap, KiB more |");
  console.log("|---|--:|--:|--:|--:|--:|--:|--:|");
  for (const [way, { cairn, plain }] of Object.entries(samples)) {
    const [own, other] = [cairn, plain].map(medianMs);
    const cells = [
      (own / 1000).toFixed(2), (other / 1000).toFixed(2), `${(other / own).toFixed(2)} ×`,
      cpu(cairn).toFixed(0), cpu(plain).toFixed(0), (cpu(cairn) - cpu(plain)).toFixed(0),
      (grown[way] / 1024).toFixed(0),
    ];
    console.log(`| ${way} | ${cells.join(" | ")} |`);
  }
  const all = Object.entries(samples).flatMap(([way, each]) =>
    Object.entries(each).map(([name, runs]) => `${way} ${name} ${runs.map(({ cpuMs }) => cpuMs.toFixed(0)).join(", ")}`));
  console.log(`\nCPU of each round, ms: ${all.join("; ")}`);
}

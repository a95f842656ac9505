// Rows of the table: an operation done by turns on both servers, with the cost of each time.

// A server's processes end a little after their client has read the last byte.
const AFTERMATH_MS = 50;

export class Measurements {
  rows = [];

  /** `runs` times each; `changed` is called after every row. */
  constructor(runs, changed) {
    this.runs = runs;
    this.changed = changed;
  }

  /**
   * One row. `work(server, run, timed)` prepares a run and calls `timed` with the part to measure.
   * A row that fails says so, and the others go on.
   */
  async row(repository, operation, servers, work, runs = this.runs) {
    console.error(`${repository.name}: ${operation}`);
    const samples = Object.fromEntries(servers.map(({ name }) => [name, []]));
    const row = { repository: repository.name, operation, samples };
    try {
      for (let run = 0; run < runs; run += 1) {
        // The second server may find a warmer machine.
        const turns = run % 2 === 0 ? servers : [...servers].reverse();
        for (const server of turns) {
          const timed = async (measured) => {
            const { sample, value } = await cost(server, measured);
            samples[server.name].push(sample);
            return value;
          };
          await work(server, run, timed);
        }
      }
    } catch (error) {
      row.failed = error.message;
      console.error(`failed: ${error.message}`);
    }
    this.rows.push(row);
    this.changed(this.rows);
    return row;
  }
}

async function cost(server, measured) {
  const cpu = server.cpuMs();
  const started = performance.now();
  const value = await measured();
  const wallMs = performance.now() - started;
  await pause(AFTERMATH_MS);
  const sample = { wallMs, cpuMs: server.cpuMs() - cpu };
  if (typeof value === "number") sample.bytes = value;
  return { sample, value };
}

export function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/** The median of a row's times, in milliseconds. */
export function medianMs(samples) {
  return median(samples.map(({ wallMs }) => wallMs));
}

/**
 * The mean of a row's CPU, in milliseconds: the kernel counts in steps that may be longer than one
 * operation, and a sum of several loses least by that.
 */
export function meanCpuMs(samples) {
  return samples.reduce((sum, { cpuMs: used }) => sum + used, 0) / samples.length;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

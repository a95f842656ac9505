// A wasm module of a given size that does nothing: functions of simple arithmetic, as many as fit.

// Each step: local.get 0, i32.const, i32.add, local.set 0.
// As in Cairn's module: some 450 bytes a function.
const STEPS_EACH = 50;

/** A module of about so many bytes. */
export function idleModule(bytes) {
  const body = functionBody(STEPS_EACH);
  const count = Math.floor(bytes / (body.length + 1));
  const type = [1, 0x60, 1, 0x7f, 1, 0x7f];
  const functions = [...unsigned(count), ...new Array(count).fill(0)];
  const code = Buffer.concat([Buffer.from(unsigned(count)), ...new Array(count).fill(Buffer.from(body))]);
  return Buffer.concat([
    Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
    section(1, type),
    section(3, functions),
    section(10, code),
  ]);
}

function functionBody(steps) {
  const code = [0];
  for (let step = 0; step < steps; step += 1) code.push(0x20, 0, 0x41, step % 64, 0x6a, 0x21, 0);
  code.push(0x20, 0, 0x0b);
  return [...unsigned(code.length), ...code];
}

function section(id, content) {
  return Buffer.concat([Buffer.from([id, ...unsigned(content.length)]), Buffer.from(content)]);
}

function unsigned(value) {
  const bytes = [];
  do {
    bytes.push((value % 128) | (value > 127 ? 128 : 0));
    value = Math.floor(value / 128);
  } while (value > 0);
  return bytes;
}

// A CPU profile of the Worker's isolate, by way of workerd's inspector.

// Often enough to see work of a millisecond.
const INTERVAL_MICROSECONDS = 200;

/** Runs `run`, and gives the isolate's profile of that time. */
export async function record(port, run) {
  const call = await connected(port);
  await call("Profiler.enable");
  await call("Profiler.setSamplingInterval", { interval: INTERVAL_MICROSECONDS });
  await call("Profiler.start");
  await run();
  const { profile } = await call("Profiler.stop");
  call.close();
  return profile;
}

async function connected(port) {
  const listed = await fetch(`http://127.0.0.1:${port}/json`);
  const targets = await listed.json();
  const isolate = targets.find(({ id }) => id.startsWith("core:user:"));
  if (!isolate) throw new Error("the Worker's isolate cannot be inspected");
  const socket = new WebSocket(isolate.webSocketDebuggerUrl);
  const answers = new Map();
  socket.onmessage = ({ data }) => {
    const { id, result, error } = JSON.parse(data);
    const answer = answers.get(id);
    answers.delete(id);
    if (error) answer?.reject(new Error(error.message));
    else answer?.resolve(result);
  };
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("the inspector does not answer"));
  });
  let last = 0;
  const call = (method, params = {}) =>
    new Promise((resolve, reject) => {
      last += 1;
      answers.set(last, { resolve, reject });
      socket.send(JSON.stringify({ id: last, method, params }));
    });
  return Object.assign(call, { close: () => socket.close() });
}

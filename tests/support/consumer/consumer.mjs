// A consumer as one writes it for Artifacts' event subscriptions: it knows their types, where an event
// comes from, and their payloads, and not Cairn
// (https://developers.cloudflare.com/artifacts/guides/event-subscriptions/).
//
// It reports each event, and its own result, to the test.

export default {
  async queue(batch, env) {
    for (const message of batch.messages) {
      const event = message.body;
      const report = { did: act(event), queue: batch.queue, event };
      const response = await fetch(env.REPORT, { method: "POST", body: JSON.stringify(report) });
      if (!response.ok) {
        message.retry();
        continue;
      }
      message.ack();
    }
  },
};

function act(event) {
  const { source, payload, metadata } = event;
  if (metadata.eventSchemaVersion !== 1 || Number.isNaN(Date.parse(metadata.eventTimestamp))) {
    throw new Error("this is no event");
  }
  const repository = `${source.namespace}/${source.repoName}`;
  switch (event.type) {
    case "cf.artifacts.repo.created":
      return `index ${repository} ${payload.repoId}, which starts at ${payload.defaultBranch}`;
    case "cf.artifacts.repo.deleted":
      return `forget ${repository} ${payload.repoId}`;
    case "cf.artifacts.repo.pushed":
      if (source.type !== "artifacts.repo") throw new Error(`pushed by ${source.type}`);
      return `build ${repository} at ${payload.after} of ${payload.ref}`;
    default:
      return "nothing";
  }
}

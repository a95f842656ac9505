// A commit as lines of JSON: its changes, then the contents of its files in pieces.

/** @typedef {import("../index.d.ts").StreamedFile} StreamedFile */
/** @typedef {import("../index.d.ts").FileContent} FileContent */

/** Bytes of a piece: a multiple of three, so that base64 has no padding inside a content. */
const PIECE_BYTES = 768 << 10;

/**
 * The fields of each file, and the contents by the ids that they get. All files are known before
 * the first content is read.
 * @param {AsyncIterable<StreamedFile> | Iterable<StreamedFile>} files
 * @param {(fields: object) => Record<string, unknown>} spelled
 */
export async function filesOf(files, spelled) {
  const changes = [];
  /** @type {{ id: string, content: StreamedFile["content"] }[]} */
  const contents = [];
  for await (const { content, ...file } of files) {
    const change = spelled(file);
    if (content !== undefined) {
      const id = String(contents.length);
      change.content_id = id;
      contents.push({ id, content });
    }
    changes.push(change);
  }
  return { changes, contents };
}

/**
 * The lines, made as they are sent. A content is opened when its turn comes.
 * @param {object} metadata
 * @param {{ id: string, content: StreamedFile["content"] }[]} contents
 * @returns {ReadableStream<Uint8Array>}
 */
export function commitLines(metadata, contents) {
  const lines = linesOf(metadata, contents);
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await lines.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
    },
    async cancel() {
      await lines.return(undefined);
    },
  });
}

/**
 * @param {object} metadata
 * @param {{ id: string, content: StreamedFile["content"] }[]} contents
 * @returns {AsyncGenerator<object, void>}
 */
async function* linesOf(metadata, contents) {
  yield { metadata };
  for (const { id, content } of contents) {
    const opened = typeof content === "function" ? await content() : content;
    for await (const piece of piecesOf(opened)) {
      yield { chunk: { content_id: id, data: base64(piece) } };
    }
    yield { chunk: { content_id: id, data: "", eof: true } };
  }
}

/**
 * The bytes in pieces of the same size, except the last one. @param {FileContent | undefined} content
 */
async function* piecesOf(content) {
  let held = new Uint8Array(PIECE_BYTES);
  let bytes = 0;
  for await (let rest of bytesOf(content)) {
    while (rest.length > 0) {
      const taken = rest.subarray(0, PIECE_BYTES - bytes);
      held.set(taken, bytes);
      bytes += taken.length;
      rest = rest.subarray(taken.length);
      if (bytes < PIECE_BYTES) continue;
      yield held;
      bytes = 0;
    }
  }
  if (bytes > 0) yield held.subarray(0, bytes);
}

/**
 * @param {FileContent | undefined} content
 * @returns {AsyncGenerator<Uint8Array, void>}
 */
async function* bytesOf(content) {
  const encoder = new TextEncoder();
  if (content === undefined) throw new TypeError("the content of a file is undefined");
  if (typeof content === "string") yield encoder.encode(content);
  else if (content instanceof Uint8Array) yield content;
  else if (content instanceof Blob) yield* read(content.stream());
  else if (content instanceof ReadableStream) yield* read(content);
  else {
    for await (const piece of content) {
      yield typeof piece === "string" ? encoder.encode(piece) : piece;
    }
  }
}

/**
 * Not every platform iterates its streams.
 * @param {ReadableStream<Uint8Array>} stream
 */
async function* read(stream) {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Where the commit failed the rest is not wanted.
    await reader.cancel();
  }
}

/** @param {Uint8Array} bytes */
export function base64(bytes) {
  let text = "";
  // So many arguments a call may have everywhere.
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(text);
}

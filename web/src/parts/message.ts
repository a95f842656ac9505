/** The first line of a commit's message. */
export function subjectOf(message: string): string {
  return message.split("\n", 1)[0] ?? "";
}

/** The text behind the first line. */
export function bodyOf(message: string): string {
  return message.slice(subjectOf(message).length).trim();
}

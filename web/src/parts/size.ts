/** A number of bytes as people say it. */
export function sizeOf(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const step = bytes > 0 ? Math.min(3, Math.floor(Math.log2(bytes) / 10)) : 0;
  return `${(bytes / 1024 ** step).toFixed(step && bytes / 1024 ** step < 10 ? 1 : 0)} ${units[step]}`;
}

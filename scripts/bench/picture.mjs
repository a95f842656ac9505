// One picture of a run: for each operation, how long Cairn takes beside git, a dot a repository.

const ROW_HEIGHT = 18;
const LABEL_WIDTH = 240;
const PLOT_WIDTH = 460;
const MARGIN = 24;
const TOP = 44;
// Ratios at the ends of the axis, which is logarithmic. What lies beyond stands at the end.
const LEAST = 0.02;
const MOST = 8;
const TICKS = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
const COLOURS = ["#2f6f9f", "#d9822b", "#5a9e4b", "#9b59b6", "#c0392b", "#7f8c8d"];
const NUMBERED = /\d+ refs/;

/** The rows that both sides have, as SVG; nothing where there is no such row. */
export function picture(rows) {
  const compared = rows.filter(({ failed, cairn, git }) => !failed && cairn && git?.wall_ms > 0);
  if (compared.length === 0) return undefined;
  const operations = [...new Set(compared.map(operationOf))];
  const repositories = [...new Set(compared.map(({ repository }) => repository))];
  const height = TOP + operations.length * ROW_HEIGHT + MARGIN;
  const lines = operations.map((operation, at) => label(operation, TOP + at * ROW_HEIGHT));
  const dots = compared.map((row) =>
    dot(row, operations.indexOf(operationOf(row)), repositories.indexOf(row.repository)),
  );
  const legend = repositories.map((name, at) => legendOf(name, at));
  const ticks = TICKS.map((ratio) => tick(ratio, height));
  const width = LABEL_WIDTH + PLOT_WIDTH + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    "<title>Time that Cairn takes, divided by the time that git takes</title>",
    `<style>text { font: 12px sans-serif; fill: #333 } .axis { stroke: #bbb } .one { stroke: #333 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .axis { stroke: #555 } .one { stroke: #ddd } }</style>`,
    ...ticks,
    ...lines,
    ...dots,
    ...legend,
    "</svg>\n",
  ].join("\n");
}

// Repositories differ in how many refs they have, and the row is the same.
function operationOf({ operation }) {
  return operation.replace(NUMBERED, "all refs");
}

function x(ratio) {
  const within = Math.min(Math.max(ratio, LEAST), MOST);
  return LABEL_WIDTH + (PLOT_WIDTH * Math.log(within / LEAST)) / Math.log(MOST / LEAST);
}

function label(operation, y) {
  return `<text x="${LABEL_WIDTH - 10}" y="${y + 13}" text-anchor="end">${escaped(operation)}</text>`;
}

function tick(ratio, height) {
  const at = x(ratio).toFixed(1);
  const kind = ratio === 1 ? "one" : "axis";
  return `<line class="${kind}" x1="${at}" x2="${at}" y1="${TOP}" y2="${height - MARGIN}"/>
<text x="${at}" y="${height - 8}" text-anchor="middle">${ratio} ×</text>`;
}

function dot(row, line, repository) {
  const ratio = row.cairn.wall_ms / row.git.wall_ms;
  const y = TOP + line * ROW_HEIGHT + ROW_HEIGHT / 2;
  const said = `${row.repository}, ${row.operation}: ${ratio.toFixed(2)} ×`;
  return `<circle cx="${x(ratio).toFixed(1)}" cy="${y}" r="4" fill="${colour(repository)}" fill-opacity="0.8"><title>${escaped(said)}</title></circle>`;
}

function legendOf(name, at) {
  const left = LABEL_WIDTH + at * 95;
  return `<circle cx="${left}" cy="20" r="4" fill="${colour(at)}"/><text x="${left + 9}" y="24">${escaped(name)}</text>`;
}

function colour(at) {
  return COLOURS[at % COLOURS.length];
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

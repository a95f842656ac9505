// Takes the pictures of the README: pages of a made-up repository, in light and dark, by the browser of the tests.
//
//   scripts/node scripts/screenshots.mjs             into docs/screenshots
//   scripts/node scripts/screenshots.mjs --check     compares with what is there, and says what differs
//
// Everything that would differ between machines is fixed: fonts (two of npm, for the pictures alone), the time, commits.
// The command to clone shows a host of examples in place of this machine.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { COMMITS, NOW } from "./screenshots/garden.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(root, "docs/screenshots");
process.env.CAIRN_CLIENTS ??= join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "cairn/clients");

const REPOSITORY = "garden/almanac";
const API = "/api/v1/namespaces/garden/repos";
const SIZE = { width: 1200, height: 720 };
const BYTES_MAX = 100 << 10;
// A pixel differs if a colour is this much lighter or darker; so many of them may, for lossy compression.
const CHANNEL_DIFFERENCE = 64;
const DIFFERENT_PIXELS_MAX = 0.01;

const isCheck = process.argv.includes("--check");
const { open } = await import("../tests/browser/browser.mjs");
const server = await serve();
const browser = await open();
try {
  const tip = await fill(server);
  const views = { repository: "", diff: `/commit/${tip.before}`, blame: "/blame/HEAD/src/moon.rs" };
  mkdirSync(folder, { recursive: true });
  const differences = [];
  for (const [name, view] of Object.entries(views)) {
    for (const scheme of ["light", "dark"]) {
      const file = `${name}-${scheme}.webp`;
      const taken = await picture(`${server.url}/r/${REPOSITORY}${view}`, scheme);
      if (isCheck) differences.push(...(await differs(file, taken)));
      else await store(file, taken);
    }
  }
  if (differences.length > 0) throw new Error(`${differences.join("\n")}\nIf that is meant, run make screenshots.`);
} finally {
  await browser.close();
  await server.stop();
}

// A server of its own, whose data ends with it.
async function serve() {
  const state = mkdtempSync(join(tmpdir(), "cairn-screenshots-"));
  const key = randomBytes(24).toString("hex");
  const env = { ...process.env, PORT: "0", STATE: state, CAIRN_ADMIN_KEY: key };
  const child = spawn(process.execPath, [join(root, "scripts/serve.mjs"), "--until-stdin-closes"], {
    env,
    stdio: ["pipe", "pipe", "ignore"],
  });
  const ended = new Promise((done) => child.on("exit", done));
  const url = await new Promise((ready, failed) => {
    let told = "";
    child.stdout.on("data", (text) => {
      told += text;
      const found = /ready on (\S+)/.exec(told);
      if (found) ready(found[1]);
    });
    child.on("exit", (code) => failed(new Error(`the server ended with ${code}: is it built?`)));
  });
  const stop = async () => {
    child.stdin.end();
    await ended;
    rmSync(state, { recursive: true, force: true });
  };
  return { url, key, stop };
}

async function fill({ url, key }) {
  const post = async (path, body) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const answer = await fetch(url + API + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()).result;
  };
  await post("", { name: "almanac", public: true, description: "Sowing dates from the moon and the last frost" });
  let [before, tip] = [];
  for (const [person, date, message, files] of COMMITS) {
    const author = { ...person, date };
    const changes = Object.entries(files).map(([path, content]) => ({ path, content }));
    const made = await post("/almanac/commits", { branch: "main", message, files: changes, author, committer: author });
    [before, tip] = [tip, made.commit];
  }
  return { before, tip };
}

async function picture(url, scheme) {
  const context = await browser.newContext({
    viewport: SIZE,
    deviceScaleFactor: 2,
    colorScheme: scheme,
    locale: "en-GB",
    timezoneId: "UTC",
    reducedMotion: "reduce",
    // The fonts come from here, not from the server.
    bypassCSP: true,
  });
  const page = await context.newPage();
  await page.clock.setFixedTime(NOW);
  await page.goto(url);
  await page.locator("main").waitFor();
  await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
  await page.waitForLoadState("networkidle");
  await page.addStyleTag({ content: fonts() });
  await page.evaluate(async (repository) => {
    document.querySelector(".clone code").textContent = `git clone https://git.example.com/git/${repository}.git`;
    await Promise.all([...document.fonts].map((font) => font.load()));
  }, REPOSITORY);
  const taken = await page.screenshot({ animations: "disabled" });
  await context.close();
  return taken;
}

function fonts() {
  const face = (family, name) => {
    const file = `web/node_modules/@fontsource-variable/${name}/files/${name}-latin-wght-normal.woff2`;
    const data = readFileSync(join(root, file)).toString("base64");
    return `@font-face { font-family: ${family}; font-weight: 100 900; src: url(data:font/woff2;base64,${data}) }`;
  };
  return `${face("Pictured", "inter")} ${face("PicturedCode", "jetbrains-mono")}
    :root { --mono: PicturedCode; font-family: Pictured; font-variant-ligatures: none } .code .origin { font-family: Pictured }`;
}

async function store(file, taken) {
  const made = await inPage(
    async ([image]) => {
      const canvas = new OffscreenCanvas(image.width, image.height);
      canvas.getContext("2d").drawImage(image, 0, 0);
      const bytes = await (await canvas.convertToBlob({ type: "image/webp", quality: 0.72 })).arrayBuffer();
      return btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(""));
    },
    [taken],
  );
  const bytes = Buffer.from(made, "base64");
  if (bytes.length > BYTES_MAX) throw new Error(`${file} has ${bytes.length} bytes, more than ${BYTES_MAX}`);
  writeFileSync(join(folder, file), bytes);
  console.log(`docs/screenshots/${file}: ${bytes.length} bytes`);
}

async function differs(file, taken) {
  const share = await inPage(
    ([one, other], channelDifference) => {
      if (one.width !== other.width || one.height !== other.height) return 1;
      const [a, b] = [one, other].map((image) => {
        const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
        context.drawImage(image, 0, 0);
        return context.getImageData(0, 0, image.width, image.height).data;
      });
      let different = 0;
      for (let at = 0; at < a.length; at += 4) {
        const most = Math.max(...[0, 1, 2].map((channel) => Math.abs(a[at + channel] - b[at + channel])));
        if (most > channelDifference) different += 1;
      }
      return (different * 4) / a.length;
    },
    [readFileSync(join(folder, file)), taken],
    CHANNEL_DIFFERENCE,
  );
  console.log(`docs/screenshots/${file}: ${(share * 100).toFixed(3)} % of its pixels differ`);
  return share > DIFFERENT_PIXELS_MAX ? [`docs/screenshots/${file} shows something else`] : [];
}

// Runs a function on pictures in an empty page, which can decode them.
async function inPage(run, pictures, more) {
  const page = await browser.newPage();
  const texts = pictures.map((bytes) => bytes.toString("base64"));
  const source = `(async (texts, more) => {
    const bytes = (text) => Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0));
    const images = await Promise.all(texts.map((text) => createImageBitmap(new Blob([bytes(text)]))));
    return (${run})(images, more);
  })(${JSON.stringify(texts)}, ${JSON.stringify(more)})`;
  const result = await page.evaluate(source);
  await page.close();
  return result;
}

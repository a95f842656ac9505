// Histories with the proportions of real ones, as streams for `git fast-import`: the same seed, the same ids.
//
// As in git's own repository and in tokio's, a commit brings five to seven objects, a fifth of the commits are
// merges, a few files change all the time (so their delta chains are long) and thousands change once, one
// folder has thousands of entries, some files are renamed, and a few binary files are large.

import { randomFrom } from "./random.mjs";

const OBJECTS_PER_COMMIT = 6.5;
const FOLDERS_AT_TOP = 24;
const WIDE_FOLDER_FILES = 3_000;
const WIDE_FOLDER_PERCENT = 8;
const TOPIC_PERCENT = 12;
const TOPICS_OPEN_MAX = 6;
const TOPIC_COMMITS_MAX = 3;
const RENAME_PERCENT = 1;
const TAG_EVERY = 400;
const PULLS_MAX = 5_000;
const LARGE_BLOB_PER_TEN_THOUSAND = 6;
const LARGE_BLOB_BYTES_MAX = 2_000_000;
const FILE_LINES_MAX = 120;
const WORDS = 4_096;

/** The stream of a history of about so many objects. */
export function* realistic(objects, seed) {
  const story = new Story(Math.ceil(objects / OBJECTS_PER_COMMIT), seed);
  yield* story.commits();
  yield* story.refs();
  yield "done\n";
}

class Story {
  constructor(commits, seed) {
    this.total = commits;
    this.random = randomFrom(seed);
    this.files = Math.max(40, Math.ceil(commits / 8));
    this.words = Array.from({ length: WORDS }, () => this.random(1 << 30).toString(36));
    // The lines and the path of each file, by its number; the paths that main has now.
    this.lines = new Map();
    this.paths = new Map();
    this.onMain = new Set();
    this.topics = [];
    this.tips = [];
    this.mark = 0;
    this.time = 1_400_000_000;
    this.main = undefined;
  }

  *commits() {
    for (let made = 0; made < this.total; ) {
      if (this.topics.length < TOPICS_OPEN_MAX && this.main && this.chance(TOPIC_PERCENT)) {
        this.topics.push({ tip: this.main, left: 1 + this.random(TOPIC_COMMITS_MAX), files: new Map() });
      }
      const topic = this.chance(75) ? this.topics[this.random(this.topics.length || 1)] : undefined;
      if (topic && topic.left === 0) yield* this.merge(topic);
      else if (topic) yield* this.commitOf(topic);
      else yield* this.commitOnMain(made);
      made += 1;
    }
  }

  *commitOf(topic) {
    const files = yield* this.changed();
    for (const [path, blob] of files) topic.files.set(path, blob);
    topic.left -= 1;
    yield* this.commit("refs/cairn/topic", [topic.tip], files);
    topic.tip = this.mark;
    if (topic.left === 0) this.tips.push(topic.tip);
  }

  *merge(topic) {
    this.topics.splice(this.topics.indexOf(topic), 1);
    yield* this.commit("refs/heads/main", [this.main, topic.tip], topic.files);
    this.nowMain(topic.files);
  }

  nowMain(files) {
    this.main = this.mark;
    for (const path of files.keys()) this.onMain.add(path);
  }

  *commitOnMain(made) {
    const renamed = this.chance(RENAME_PERCENT) ? this.renamed() : "";
    const files = yield* this.changed();
    const parents = this.main ? [this.main] : [];
    yield* this.commit("refs/heads/main", parents, files, renamed);
    this.nowMain(files);
    if (made % TAG_EVERY === TAG_EVERY - 1) {
      yield `tag v${made}\nfrom :${this.main}\ntagger ${this.person()}${data(`release ${made}\n`)}`;
    }
  }

  *commit(ref, [from, merged], files, renamed = "") {
    this.mark += 1;
    const person = this.person();
    const subject = `${this.word()} ${this.word()}: ${this.sentence(6)}\n\n${this.sentence(30)}\n`;
    let text = `commit ${ref}\nmark :${this.mark}\nauthor ${person}committer ${person}${data(subject)}`;
    if (from) text += `from :${from}\n`;
    if (merged) text += `merge :${merged}\n`;
    text += renamed;
    for (const [path, blob] of files) text += `M 100644 :${blob} ${path}\n`;
    yield `${text}\n`;
  }

  // One file or a few, each in a new version: paths, and marks of their blobs.
  *changed() {
    const files = new Map();
    let count = 1;
    while (count < 12 && this.chance(38)) count += 1;
    for (; count > 0; count -= 1) {
      const file = this.file();
      const path = this.paths.get(file) ?? this.pathOf(file);
      this.paths.set(file, path);
      const content = this.chance(LARGE_BLOB_PER_TEN_THOUSAND / 100) ? this.large() : this.version(file);
      this.mark += 1;
      yield `blob\nmark :${this.mark}\n${data(content)}`;
      files.set(path, this.mark);
    }
    return files;
  }

  // Few files change often: the square of an even choice, and one in ten changes is to the first dozen.
  file() {
    if (this.chance(10)) return this.random(12);
    const even = this.random(1 << 20) / (1 << 20);
    return Math.floor(even * even * this.files);
  }

  pathOf(file) {
    if (file % 100 < WIDE_FOLDER_PERCENT) return `t/cases/t${file % WIDE_FOLDER_FILES}-case.sh`;
    const top = `dir-${file % FOLDERS_AT_TOP}`;
    const depth = file % 4;
    const middle = Array.from({ length: depth }, (_, level) => `part-${(file >> (3 + level)) % 9}/`).join("");
    return `${top}/${middle}file-${file}.c`;
  }

  renamed() {
    const file = this.file();
    const from = this.paths.get(file);
    // A path that only a topic has cannot be renamed on main.
    if (!from || !this.onMain.delete(from)) return "";
    const to = `moved-${file % 40}/${file}-${this.mark}.c`;
    this.paths.set(file, to);
    this.onMain.add(to);
    return `R ${from} ${to}\n`;
  }

  version(file) {
    const lines = this.lines.get(file) ?? Array.from({ length: 4 + this.random(FILE_LINES_MAX) }, () => this.sentence(9));
    this.lines.set(file, lines);
    for (let edits = 1 + this.random(4); edits > 0; edits -= 1) {
      const at = this.random(lines.length);
      if (this.chance(30) && lines.length < 4 * FILE_LINES_MAX) lines.splice(at, 0, this.sentence(9));
      else lines[at] = this.sentence(9);
    }
    return `${lines.join("\n")}\n`;
  }

  large() {
    const words = [];
    for (let bytes = 10_000 + this.random(LARGE_BLOB_BYTES_MAX); bytes > 0; bytes -= 6) words.push(this.random(1 << 30).toString(36));
    return words.join("");
  }

  *refs() {
    const pulls = this.tips.slice(-PULLS_MAX);
    for (const [number, tip] of pulls.entries()) yield `reset refs/pull/${number + 1}/head\nfrom :${tip}\n\n`;
    yield "reset refs/cairn/topic\nfrom 0000000000000000000000000000000000000000\n\n";
  }

  chance(percent) {
    return this.random(10_000) < percent * 100;
  }

  word() {
    return this.words[this.random(WORDS)];
  }

  sentence(words) {
    return Array.from({ length: 1 + this.random(words) }, () => this.word()).join(" ");
  }

  person() {
    this.time += this.random(600);
    const who = this.random(300);
    return `Author ${who} <a${who}@example.com> ${this.time} +0000\n`;
  }
}

function data(text) {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

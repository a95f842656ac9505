import { useEffect, useRef } from "preact/hooks";

interface Properties {
  label: string;
  value: string;
  change: (value: string) => void;
  /** For Ctrl+S. */
  save: () => void;
}

/**
 * A text to be edited. Tab and Shift+Tab indent, Enter keeps the indentation, Ctrl+S goes on to the commit. After
 * Escape, Tab leaves the field, as it does elsewhere.
 */
export function Typing({ label, value, change, save }: Properties) {
  const area = useRef<HTMLTextAreaElement>(null);
  const isLeaving = useRef(false);
  useEffect(() => area.current?.setSelectionRange(0, 0), []);
  const keys = (event: KeyboardEvent) => {
    const { key, shiftKey } = event;
    const isCommand = event.ctrlKey || event.metaKey;
    const typed = area.current;
    if (!typed) return;
    const wasLeaving = isLeaving.current;
    if (key !== "Shift") isLeaving.current = key === "Escape";
    if (isCommand && key === "s") save();
    else if (isCommand || event.altKey || event.isComposing) return;
    else if (key === "Tab" && !wasLeaving) indent(typed, shiftKey);
    else if (key === "Enter") replace(typed, typed.selectionStart, typed.selectionEnd, `\n${indentOf(typed)}`);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <textarea
        ref={area}
        class="typing"
        aria-label={label}
        aria-describedby="typing-keys"
        rows={Math.min(30, Math.max(12, value.split("\n").length + 1))}
        wrap="off"
        spellcheck={false}
        autocapitalize="off"
        autocomplete="off"
        value={value}
        onInput={(event) => change(event.currentTarget.value)}
        onKeyDown={keys}
      />
      <p class="quiet keys" id="typing-keys">
        <kbd>Tab</kbd> indents; <kbd>Esc</kbd> <kbd>Tab</kbd> leaves the text; <kbd>Ctrl</kbd> <kbd>S</kbd> goes to the commit.
      </p>
    </>
  );
}

// The text that indents one level.
function unitOf(text: string): string {
  return /^\t/m.test(text) ? "\t" : (/^( {2,8})\S/m.exec(text)?.[1] ?? "    ");
}

function lineStart({ value }: HTMLTextAreaElement, at: number): number {
  return value.lastIndexOf("\n", at - 1) + 1;
}

function indentOf(typed: HTMLTextAreaElement): string {
  const before = typed.value.slice(lineStart(typed, typed.selectionStart), typed.selectionStart);
  return /^[ \t]*/.exec(before)?.[0] ?? "";
}

function indent(typed: HTMLTextAreaElement, isLess: boolean): void {
  const { value, selectionStart: begin, selectionEnd: end } = typed;
  const unit = unitOf(value);
  if (!isLess && !value.slice(begin, end).includes("\n")) return replace(typed, begin, end, unit);
  const first = lineStart(typed, begin);
  const lines = value.slice(first, end).split("\n");
  const changed = lines.map((line) => (isLess ? without(line, unit) : line && unit + line)).join("\n");
  replace(typed, first, end, changed);
  if (begin !== end) typed.setSelectionRange(first, first + changed.length);
}

function without(line: string, unit: string): string {
  if (line.startsWith(unit)) return line.slice(unit.length);
  return line.replace(/^(\t| +)/, (blanks) => (blanks === "\t" ? "" : blanks.slice(unit.length)));
}

// By a command, though it is an old one: it alone keeps earlier typing undoable.
function replace(typed: HTMLTextAreaElement, begin: number, end: number, text: string): void {
  typed.setSelectionRange(begin, end);
  const isDone = text ? document.execCommand("insertText", false, text) : begin === end || document.execCommand("delete");
  if (isDone) return;
  typed.setRangeText(text, begin, end, "end");
  typed.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

import { useLocation } from "preact-iso";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { highlighted } from "../highlight";

// A browser lays out the pieces that are seen, and no others.
const LINES_PER_PIECE = 200;

// More rows at once would keep the browser from reacting.
const PIECES_PER_STEP = 5;

/** The lines of a text, with numbers that can be linked: `#L10` or `#L10-L20`. */
export function Lines({ path, text }: { path: string; text: string }) {
  const plain = useMemo(() => text.replace(/\n$/, "").split("\n"), [text]);
  const [colored, setColored] = useState<string[]>();
  useEffect(() => {
    let isWanted = true;
    setColored(undefined);
    highlighted(path, text).then((lines) => isWanted && setColored(lines));
    return () => {
      isWanted = false;
    };
  }, [path, text]);
  const [range, choose] = useRange();
  const shown = useShown(Math.ceil(plain.length / LINES_PER_PIECE), range?.first ?? 0);
  const pieces = Array.from({ length: shown }, (_, at) => at * LINES_PER_PIECE);
  return (
    <div class="lines">
      {pieces.map((begin) => (
        <Piece key={begin} begin={begin} plain={plain} colored={colored} range={range} choose={choose} />
      ))}
    </div>
  );
}

// How many pieces are there by now: some more after each pause, and at once those up to the line that the URL names.
function useShown(pieces: number, line: number): number {
  const [shown, show] = useState(PIECES_PER_STEP);
  const wanted = Math.max(shown, Math.ceil(line / LINES_PER_PIECE));
  useEffect(() => {
    if (wanted >= pieces) return;
    const timer = setTimeout(() => show(wanted + PIECES_PER_STEP));
    return () => clearTimeout(timer);
  }, [wanted, pieces]);
  return Math.min(wanted, pieces);
}

interface Range {
  first: number;
  last: number;
}

interface PieceProperties {
  begin: number;
  plain: string[];
  colored: string[] | undefined;
  range: Range | undefined;
  choose: (line: number, isEnd: boolean) => void;
}

function Piece({ begin, plain, colored, range, choose }: PieceProperties) {
  const end = begin + LINES_PER_PIECE;
  const isTouched = range !== undefined && range.first <= end && range.last > begin;
  // Rows are made again where they change: most rows of a large file stay as they are.
  return useMemo(
    () => <Rows begin={begin} plain={plain.slice(begin, end)} colored={colored} range={range} choose={choose} />,
    [plain, colored, isTouched ? range : undefined],
  );
}

function Rows({ begin, plain, colored, range, choose }: PieceProperties) {
  return (
    <table class="code">
      <tbody>
        {plain.map((line, at) => {
          const number = begin + at + 1;
          const isChosen = range && number >= range.first && number <= range.last;
          const html = colored?.[begin + at];
          return (
            <tr key={number} id={`L${number}`} class={isChosen ? "chosen" : undefined}>
              <td class="number">
                <a
                  href={`#L${number}`}
                  aria-label={`Line ${number}`}
                  data-line={number}
                  onClick={(event) => {
                    event.preventDefault();
                    choose(number, event.shiftKey);
                  }}
                />
              </td>
              {html === undefined ? <td>{line}</td> : <td dangerouslySetInnerHTML={{ __html: html }} />}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

// The lines that the URL names, and a way to name others.
function useRange(): [Range | undefined, PieceProperties["choose"]] {
  const { url } = useLocation();
  const [range, setRange] = useState(() => rangeOf(location.hash));
  const isFirst = useRef(true);
  useEffect(() => {
    const read = () => setRange(rangeOf(location.hash));
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  useEffect(() => {
    setRange(rangeOf(location.hash));
    if (range && isFirst.current) document.getElementById(`L${range.first}`)?.scrollIntoView({ block: "center" });
    isFirst.current = false;
  }, [url]);
  // Rows keep an older one of these: it looks for the range of now.
  const newest = useRef(range);
  newest.current = range;
  const choose = (line: number, isEnd: boolean) => {
    const begun = isEnd ? newest.current : undefined;
    const first = Math.min(begun?.first ?? line, line);
    const last = Math.max(begun?.first ?? line, line);
    history.replaceState(history.state, "", first === last ? `#L${first}` : `#L${first}-L${last}`);
    setRange({ first, last });
  };
  return [range, choose];
}

function rangeOf(hash: string): Range | undefined {
  const found = /^#L(\d+)(?:-L?(\d+))?$/.exec(hash);
  if (!found) return undefined;
  const first = Number(found[1]);
  return { first, last: Math.max(first, Number(found[2] ?? first)) };
}

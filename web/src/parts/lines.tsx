import { useLocation } from "preact-iso";
import { useEffect, useRef, useState } from "preact/hooks";

import { highlighted } from "../highlight";

// A browser lays out the pieces that are seen, and no others.
const LINES_PER_PIECE = 200;

/** The lines of a text, with numbers that can be linked: `#L10` or `#L10-L20`. */
export function Lines({ path, text }: { path: string; text: string }) {
  const plain = text.replace(/\n$/, "").split("\n");
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
  const pieces = Array.from({ length: Math.ceil(plain.length / LINES_PER_PIECE) }, (_, at) => at * LINES_PER_PIECE);
  return (
    <div class="lines">
      {pieces.map((begin) => (
        <Piece key={begin} begin={begin} plain={plain} colored={colored} range={range} choose={choose} />
      ))}
    </div>
  );
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
  const lines = plain.slice(begin, begin + LINES_PER_PIECE);
  return (
    <table class="code">
      <tbody>
        {lines.map((line, at) => {
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
  const choose = (line: number, isEnd: boolean) => {
    const first = isEnd && range ? Math.min(range.first, line) : line;
    const last = isEnd && range ? Math.max(range.first, line) : line;
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

//! Contents, names and messages that would run a script in a page which believes them.

use std::fmt::Write as _;

use serde_json::json;

use super::seen::{public, told};
use super::support::scratch::Scratch;
use super::support::server::{ADMIN_KEY, Server};

/// Each would set `window.harmed` or open a dialog.
const MARKUP: [&str; 32] = [
    "<script>window.harmed = 1</script>",
    "<img src=x onerror=\"window.harmed = 2\">",
    "<svg onload=\"window.harmed = 3\"></svg>",
    "<svg><script>window.harmed = 4</script></svg>",
    "<iframe srcdoc=\"<script>parent.harmed = 5</script>\"></iframe>",
    "<a href=\"javascript:window.harmed = 6\">link</a>",
    "[link](javascript:window.harmed=7)",
    "[link](JaVaScRiPt:window.harmed=8)",
    "[link](data:text/html,<script>opener.harmed=9</script>)",
    "![x](javascript:window.harmed=10)",
    "<math><mtext><script>window.harmed = 11</script></mtext></math>",
    "<details open ontoggle=\"window.harmed = 12\">x</details>",
    "<body onload=\"window.harmed = 13\">",
    "<input autofocus onfocus=\"window.harmed = 14\">",
    "<video><source onerror=\"window.harmed = 15\"></video>",
    "<object data=\"javascript:window.harmed=16\"></object>",
    "<embed src=\"javascript:window.harmed=17\">",
    "<form action=\"javascript:window.harmed=18\"><button>go</button></form>",
    "<meta http-equiv=\"refresh\" content=\"0;url=javascript:window.harmed=19\">",
    "<base href=\"https://example.com/\">",
    "<link rel=stylesheet href=\"https://example.com/x.css\">",
    "<style>@import 'https://example.com/x.css'; body { display: none }</style>",
    "<div style=\"position:fixed;inset:0\" onclick=\"window.harmed = 23\">x</div>",
    "<noscript><p title=\"</noscript><img src=x onerror=window.harmed=24>\">",
    "<math><mi//xlink:href=\"data:x,<script>window.harmed=25</script>\">",
    "<svg><use href=\"data:image/svg+xml,<svg onload='window.harmed=26'/>\"></use></svg>",
    "<svg><animate onbegin=\"window.harmed = 27\" attributeName=x dur=1s></svg>",
    "<template><img src=x onerror=window.harmed=28></template>",
    "<a href=\"&#106;avascript:window.harmed=29\">x</a>",
    "<img name=\"body\"><form id=\"getElementById\"></form><a id=\"about\">{}</a>",
    "`</code><img src=x onerror=window.harmed=31>`",
    "<xmp><img src=x onerror=window.harmed=32></xmp>",
];

/// Names that a file and a branch may have.
const NAMES: [&str; 12] = [
    "<img src=x onerror=window.harmed=1>",
    "\"onmouseover=\"window.harmed=2",
    "'onclick='window.harmed=3",
    "javascript:window.harmed=4",
    "..%2f..%2fescape",
    "&lt;script&gt;window.harmed=6",
    "${window.harmed=7}",
    "{{window.harmed=8}}",
    "a#b?c=d&e",
    "%3Cscript%3Ewindow.harmed=10",
    "\u{202e}txt.exe",
    "`window.harmed=12`",
];

/// Somebody who may do everything reads it: a script there would act in that name.
#[test]
fn no_content_of_a_repository_runs_a_script() {
    let (server, scratch) = (Server::start(), Scratch::new());
    let hosted = public(&server, "hostile");
    let source = scratch.repository("source");
    let readme = format!("![a drawing](drawing.svg)\n\n{}", MARKUP.join("\n\n"));
    source.write("README.md", readme);
    for (number, markup) in MARKUP.iter().enumerate() {
        source.write(&format!("page-{number}.html"), markup);
        source.write(&format!("note-{number}.md"), markup);
    }
    source.write(
        "drawing.svg",
        "<svg xmlns='http://www.w3.org/2000/svg' onload='parent.harmed = 1'><script>top.harmed = 1</script>\
         <image href='https://example.com/x.png'/><foreignObject><body xmlns='http://www.w3.org/1999/xhtml'>\
         <img src='x' onerror='top.harmed = 1'/></body></foreignObject></svg>",
    );
    let polyglot = "GIF89a/*<svg onload=window.harmed=1>*/=1;window.harmed=2;";
    source.write("polyglot.gif", polyglot);
    for name in NAMES {
        source.write(&format!("names/{name}"), format!("{name}\n"));
    }
    let mut message = MARKUP[0].to_owned();
    let _ = write!(message, "\n\n{}", MARKUP.join("\n"));
    source.run(&["add", "-A"]);
    source.run(&[
        "commit",
        "-q",
        "-m",
        &message,
        "--author=\"onmouseover=\"window.harmed=1 <a@b>",
    ]);
    let tip = source.run(&["rev-parse", "HEAD"]);
    source.run(&["branch", "<img/src=x/onerror=window.harmed=1>"]);
    source.run(&["push", "-q", "--mirror", &hosted.url()]);
    let files: Vec<_> = (0..MARKUP.len())
        .flat_map(|n| [format!("page-{n}.html"), format!("note-{n}.md")])
        .collect();
    told(
        "hostile",
        &server,
        &hosted,
        &json!({ "tip": tip, "files": files, "names": NAMES, "key": ADMIN_KEY }),
    );
}

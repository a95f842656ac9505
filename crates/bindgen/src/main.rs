//! `cairn-bindgen WASM OUT`: writes `OUT/index.js` and `OUT/index_bg.wasm`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [wasm, out] = paths.as_slice() else {
        bail!("usage: cairn-bindgen WASM OUT");
    };
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(wasm)
        .out_name("index")
        // A module that imports the wasm as a module, which is how workerd gives it.
        .module(true)?
        .typescript(false)
        // The functions that the glue calls after a trap and to learn of one (docs/adr/0001).
        .reset_state_function(true)
        .force_enable_abort_handler(true);
    let read = || format!("{} does not become a module", wasm.display());
    bindgen.generate(out).with_context(read)
}

//! The sources of this crate, read as tokens: comments are gone, and a word in a string is
//! not a word in the code.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::package_root;

/// One file of `src/`.
#[derive(Debug)]
pub struct Source {
    /// Relative to the package, with `/`: `src/git/pack/index.rs`.
    pub file: String,
    /// Its module below the crate: `["git", "pack", "index"]`.
    pub module: Vec<String>,
    /// Whether it is compiled for tests alone.
    pub test: bool,
    /// The text as it stands.
    pub text: String,
    tokens: Vec<TokenTree>,
}

/// Every file that `src/lib.rs` leads to by `mod`, tests included.
pub fn modules() -> Vec<Source> {
    let mut found = Vec::new();
    visit("src/lib.rs".to_owned(), Vec::new(), false, &mut found);
    found
}

/// Every file with this extension below a folder of the package, sorted.
pub fn files(folder: &str, extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![package_root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("a folder entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let relative = path
                    .strip_prefix(package_root())
                    .expect("below the package");
                found.push(relative.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort_unstable();
    found
}

/// The text of a file of the package.
pub fn text(file: &str) -> String {
    std::fs::read_to_string(package_root().join(file))
        .unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The files that this one declares by `mod name;`, and whether for tests alone.
pub fn declared(file: &str, text: &str) -> Vec<(String, String, bool)> {
    let (folder, name) = file.rsplit_once('/').expect("a file in a folder");
    let stem = name.trim_end_matches(".rs");
    let is_crate = folder == "tests" || matches!(stem, "lib" | "main" | "mod");
    let below = if is_crate {
        folder.to_owned()
    } else {
        format!("{folder}/{stem}")
    };
    let tokens = tokens(file, text);
    let live: BTreeSet<_> = module_names(&without_tests(&tokens)).into_iter().collect();
    let located = |(name, path): (String, Option<String>)| {
        let tests_alone = !live.contains(&(name.clone(), path.clone()));
        let flat = format!("{below}/{name}.rs");
        let found = match path {
            Some(path) => format!("{folder}/{path}"),
            None if package_root().join(&flat).exists() => flat,
            None => format!("{below}/{name}/mod.rs"),
        };
        (name, found, tests_alone)
    };
    module_names(&tokens).into_iter().map(located).collect()
}

fn visit(file: String, module: Vec<String>, test: bool, found: &mut Vec<Source>) {
    let content = text(&file);
    for (name, child, only_test) in declared(&file, &content) {
        let below = module.iter().cloned().chain([name]).collect();
        visit(child, below, test || only_test, found);
    }
    let tokens = without_tests(&tokens(&file, &content));
    found.push(Source {
        file,
        module,
        test,
        text: content,
        tokens,
    });
}

impl Source {
    /// Every path in the code that is not test code, from the crate's root for our own
    /// (`["crate", "git", "hash"]`) and as written for others (`["worker", "Env"]`).
    pub fn paths(&self) -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        collect_paths(&self.tokens, &[], &mut paths);
        paths.into_iter().map(|path| self.absolute(path)).collect()
    }

    /// Every word of the code that is not test code.
    pub fn words(&self) -> BTreeSet<String> {
        let mut words = BTreeSet::new();
        each(&self.tokens, &mut |before, token| {
            if let (TokenTree::Ident(word), false) = (token, is_doc(before)) {
                words.insert(word.to_string());
            }
        });
        words
    }

    /// Every string of the code that is not test code, without documentation.
    pub fn strings(&self) -> Vec<String> {
        let mut strings = Vec::new();
        each(&self.tokens, &mut |before, token| {
            if let (TokenTree::Literal(literal), false) = (token, is_doc(before)) {
                strings.push(literal.to_string());
            }
        });
        strings.retain(|literal| literal.contains('"'));
        strings
    }

    /// The calls of `.name(…)` and `name!(…)` among `methods` and `macros`, outside tests.
    pub fn calls(&self, methods: &[&str], macros: &[&str]) -> Vec<String> {
        let mut calls = Vec::new();
        let mut last: [String; 2] = Default::default();
        each(&self.tokens, &mut |_, token| {
            let text = match token {
                TokenTree::Group(_) => String::new(),
                other => other.to_string(),
            };
            if last[1] == "." && methods.contains(&text.as_str()) {
                calls.push(format!(".{text}()"));
            }
            if text == "!" && macros.contains(&last[1].as_str()) {
                calls.push(format!("{}!", last[1]));
            }
            last.rotate_left(1);
            last[1] = text;
        });
        calls
    }

    /// Lines up to the tests inside the file.
    pub fn lines(&self) -> usize {
        let lines: Vec<_> = self.text.lines().collect();
        let tests = lines.windows(2).position(|pair| {
            pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
        });
        tests.unwrap_or(lines.len())
    }

    fn absolute(&self, path: Vec<String>) -> Vec<String> {
        let mut base = self.module.clone();
        let mut rest = path.iter().peekable();
        match rest.peek().map(|first| first.as_str()) {
            Some("self" | "super") => {}
            _ => return path,
        }
        while let Some(step) = rest.next_if(|step| matches!(step.as_str(), "self" | "super")) {
            if step == "super" {
                base.pop();
            }
        }
        let start = std::iter::once("crate".to_owned());
        start.chain(base).chain(rest.cloned()).collect()
    }
}

fn tokens(file: &str, text: &str) -> Vec<TokenTree> {
    let stream: TokenStream = text
        .parse()
        .unwrap_or_else(|error| panic!("{file}: {error}"));
    stream.into_iter().collect()
}

/// The items without `#[cfg(test)]`, at the top level of a file.
fn without_tests(tokens: &[TokenTree]) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut rest = tokens;
    while let [first, tail @ ..] = rest {
        if let [hash, attribute, item @ ..] = rest
            && is_punct(hash, '#')
            && matches!(attribute, TokenTree::Group(_))
            && attribute.to_string().replace(' ', "") == "[cfg(test)]"
        {
            rest = &item[item_length(item)..];
        } else {
            kept.push(first.clone());
            rest = tail;
        }
    }
    kept
}

/// How many tokens the item has: to its `;`, or to its body if it is no `use` or constant.
fn item_length(item: &[TokenTree]) -> usize {
    let is_statement = |token: &TokenTree| {
        ["use", "const", "static", "type"].contains(&token.to_string().as_str())
    };
    let statement = item.iter().take(3).any(is_statement);
    let end = item.iter().position(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => !statement && group.delimiter() == Delimiter::Brace,
        _ => false,
    });
    end.map_or(item.len(), |end| end + 1)
}

/// The modules declared without a body, each with its `#[path = "…"]` if it has one.
fn module_names(tokens: &[TokenTree]) -> Vec<(String, Option<String>)> {
    let mut path = None;
    let mut names = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        match (token, &tokens[place + 1..]) {
            (TokenTree::Group(group), _) => {
                let text = group.stream().to_string().replace(' ', "");
                let quoted = text
                    .strip_prefix("path=")
                    .map(|text| text.trim_matches('"'));
                path = quoted.map(str::to_owned).or(path);
            }
            (TokenTree::Ident(word), [TokenTree::Ident(name), end, ..])
                if *word == "mod" && is_punct(end, ';') =>
            {
                names.push((name.to_string(), path.take()));
            }
            _ => {}
        }
    }
    names
}

/// Calls `visit` with every token, depth first, and with the tokens before it in its group.
fn each(tokens: &[TokenTree], visit: &mut impl FnMut(&[TokenTree], &TokenTree)) {
    for (place, token) in tokens.iter().enumerate() {
        visit(&tokens[..place], token);
        if let TokenTree::Group(group) = token {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            each(&inner, visit);
        }
    }
}

/// Whether the rest is the text of a comment, which reads as `doc = "…"`.
fn is_doc(before: &[TokenTree]) -> bool {
    matches!(before, [.., TokenTree::Ident(word), equals]
        if *word == "doc" && is_punct(equals, '='))
}

/// Paths of two steps or more, with the groups of `use` multiplied out.
fn collect_paths(tokens: &[TokenTree], prefix: &[String], paths: &mut Vec<Vec<String>>) {
    let mut rest = tokens;
    // Steps of the path under way, and whether the next word continues it.
    let mut path = prefix.to_vec();
    let mut open = !prefix.is_empty();
    let finish = |path: &mut Vec<String>, paths: &mut Vec<Vec<String>>| {
        if path.len() > 1 && path.len() > prefix.len() {
            paths.push(path.clone());
        }
        path.clear();
    };
    while let [token, tail @ ..] = rest {
        rest = tail;
        match token {
            // `use a::{self, b}` names `a` as well.
            TokenTree::Ident(word) if open && *word == "self" => {
                paths.push(std::mem::take(&mut path));
                open = false;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => {
                // A single `:` ends a path, a double one carries it on.
                open = matches!(tail, [next, ..] if is_punct(next, ':'));
                if open {
                    rest = &tail[1..];
                } else {
                    finish(&mut path, paths);
                }
            }
            TokenTree::Ident(word) if open && !path.is_empty() => {
                path.push(word.to_string());
                open = false;
            }
            TokenTree::Ident(word) => {
                finish(&mut path, paths);
                path = vec![word.to_string()];
                open = false;
            }
            TokenTree::Group(group) => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                let multiplied = open && group.delimiter() == Delimiter::Brace;
                let steps = if multiplied { path.clone() } else { Vec::new() };
                collect_paths(&inner, &steps, paths);
                if multiplied {
                    path.clear();
                } else {
                    finish(&mut path, paths);
                }
                open = false;
            }
            _ => {
                let next_in_group = is_punct(token, ',') && !prefix.is_empty();
                finish(&mut path, paths);
                if next_in_group {
                    path = prefix.to_vec();
                }
                open = next_in_group;
            }
        }
    }
    finish(&mut path, paths);
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

/// The paths of a piece of code that is not test code, joined: to test this module by.
pub fn paths_of(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    collect_paths(&without_tests(&tokens("code", code)), &[], &mut paths);
    paths.into_iter().map(|path| path.join("::")).collect()
}

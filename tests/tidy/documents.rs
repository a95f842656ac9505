//! Indexes and claims of the documents.

use super::none;
use super::support::package_root;
use super::support::source::{files, text};

#[test]
fn every_decision_is_in_the_index_with_its_title() {
    let index = text("docs/adr/README.md");
    let index = index.split_whitespace().collect::<Vec<_>>().join(" ");
    let decisions = files("docs/adr", "md");
    assert!(decisions.len() > 30, "the decisions are not read");
    let missing = decisions.into_iter().filter_map(|file| {
        let name = file.trim_start_matches("docs/adr/").to_owned();
        let number = name.split('-').next()?.parse::<u32>().ok()?;
        let text = text(&file);
        let heading = text.lines().next().unwrap_or_default();
        let expected = match heading.strip_prefix(&format!("# {number}. ")) {
            Some(title) => format!("- [{number}]({name}) · **{title}.** "),
            None => return Some(format!("{file}: is expected to begin `# {number}. `")),
        };
        let found = index.contains(&expected);
        (!found).then(|| format!("docs/adr/README.md has no `{expected}`"))
    });
    none(&missing.collect::<Vec<_>>());
}

/// The most that a picture in the README may have.
const PICTURE_BYTES_MAX: u64 = 100 << 10;

#[test]
fn every_picture_of_the_readme_is_there_and_small() {
    let readme = text("README.md");
    let named = readme.split(['"', '(', ')']);
    let pictures: Vec<_> = named
        .filter(|path| path.starts_with("docs/") && !path.contains(".md"))
        .filter(|path| is_picture(path))
        .collect();
    assert!(
        pictures.len() >= 7,
        "the pictures are not read: {pictures:?}"
    );
    let wrong = pictures.into_iter().filter_map(|path| {
        let bytes = std::fs::metadata(package_root().join(path)).map(|file| file.len());
        match bytes {
            Ok(bytes) if bytes <= PICTURE_BYTES_MAX => None,
            Ok(bytes) => Some(format!("{path} has {bytes} bytes")),
            Err(error) => Some(format!("{path}: {error}")),
        }
    });
    none(&wrong.collect::<Vec<_>>());
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let claims = text("SECURITY.md");
    let mut named = Vec::new();
    for claim in claims
        .split("Test")
        .skip(1)
        .filter(|rest| rest.starts_with([':', 's']))
    {
        let end = claim
            .find("\n- ")
            .or(claim.find("\n\n"))
            .unwrap_or(claim.len());
        named.extend(
            claim[..end]
                .split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned),
        );
    }
    assert!(named.len() > 30, "the claims are not read: {named:?}");
    let all = files("src", "rs").into_iter().chain(files("tests", "rs"));
    let sources: Vec<String> = all.map(|file| text(&file)).collect();
    let exists = |name: &String| {
        let declared = format!("fn {name}(");
        sources.iter().any(|source| source.contains(&declared))
    };
    none(
        &named
            .into_iter()
            .filter(|name| !exists(name))
            .collect::<Vec<_>>(),
    );
}

fn is_picture(path: &str) -> bool {
    let kind = std::path::Path::new(path).extension();
    kind.is_some_and(|kind| kind == "webp" || kind == "svg")
}

//! Indexes and claims of the documents.

use super::none;
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

//! `Link` headers of lists (RFC 8288): where the next page and the first one are.

use form_urlencoded::{Serializer, parse};

/// Parameters that say where a page begins; a link has one of them at most.
const CURSOR: &str = "cursor";
const PAGE: &str = "page";
const OFFSET: &str = "offset";

/// The header of a page, made of the URL without its query, the query, and the cursor of the next page,
/// which is empty on the last one. A list of one page has none.
#[must_use]
pub(crate) fn of_page(url: &str, query: &str, next: &str) -> Option<String> {
    let given = |name: &str| {
        let mut pairs = parse(query.as_bytes());
        pairs.find_map(|(key, value)| (key == name).then_some(value))
    };
    let begins_behind = given(CURSOR).is_some_and(|cursor| !cursor.is_empty())
        || given(PAGE).is_some_and(|page| page != "1");
    let next = (!next.is_empty()).then(|| {
        let more = rest(query, &[CURSOR, PAGE, OFFSET], Some((CURSOR, next)));
        format!("<{url}{more}>; rel=\"next\"")
    });
    let first = begins_behind.then(|| {
        let number = given(PAGE).map(|_| (PAGE, "1"));
        format!(
            "<{url}{}>; rel=\"first\"",
            rest(query, &[CURSOR, PAGE], number)
        )
    });
    let links: Vec<String> = next.into_iter().chain(first).collect();
    (!links.is_empty()).then(|| links.join(", "))
}

/// The query without some parameters and with another one, behind its question mark.
fn rest(query: &str, without: &[&str], with: Option<(&str, &str)>) -> String {
    let mut more = Serializer::new(String::new());
    more.extend_pairs(parse(query.as_bytes()).filter(|(key, _)| !without.contains(&&**key)));
    more.extend_pairs(with);
    match more.finish() {
        none if none.is_empty() => none,
        some => format!("?{some}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_leads_to_the_next_and_back_to_the_first() {
        for (query, next, expected) in [
            ("", "", None),
            ("cursor=&limit=5", "", None),
            ("page=1", "", None),
            (
                "limit=5",
                "a+b",
                Some(r#"<u?limit=5&cursor=a%2Bb>; rel="next""#),
            ),
            (
                "limit=5&cursor=x&search=%C3%A4",
                "y",
                Some(
                    r#"<u?limit=5&search=%C3%A4&cursor=y>; rel="next", <u?limit=5&search=%C3%A4>; rel="first""#,
                ),
            ),
            ("cursor=x", "", Some(r#"<u>; rel="first""#)),
            (
                "page=2&per_page=5",
                "y",
                Some(r#"<u?per_page=5&cursor=y>; rel="next", <u?per_page=5&page=1>; rel="first""#),
            ),
            ("offset=3", "y", Some(r#"<u?cursor=y>; rel="next""#)),
        ] {
            assert_eq!(of_page("u", query, next).as_deref(), expected, "{query}");
        }
    }
}

//! Lists: paged, sorted, searched.

use serde_json::json;

use crate::{INVALID_INPUT, repos, rest};

#[test]
fn lists_are_paged_sorted_and_searched() {
    let names = ["delta", "Alpha", "charlie", "Bravo", "echo"];
    for name in names {
        let body = json!({ "name": name, "description": format!("about {}", name.to_lowercase()) });
        rest().create_repository_with("rest-list", &body);
    }
    let page = |query: &str| {
        let answer = rest().get(&format!("{}?{query}", repos("rest-list")));
        let result = answer.result(200);
        let listed: Vec<String> = result
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["name"].as_str().unwrap().to_owned())
            .collect();
        (listed, answer.json()["result_info"].clone())
    };
    let (all, info) = page("");
    assert_eq!(all.len(), 5);
    assert_eq!(info, json!({ "cursor": "", "per_page": 50, "count": 5 }));
    assert_eq!(
        page("sort=name").0,
        ["Alpha", "Bravo", "charlie", "delta", "echo"]
    );
    let reversed = ["echo", "delta", "charlie", "Bravo", "Alpha"];
    assert_eq!(page("sort=name&direction=desc").0, reversed);
    for sort in ["created_at", "updated_at", "last_push_at", "size", "name"] {
        for direction in ["asc", "desc"] {
            let query = format!("sort={sort}&direction={direction}&limit=2");
            let (mut seen, mut info) = page(&query);
            let mut pages = 1;
            while let Some(cursor) = info["cursor"].as_str().filter(|cursor| !cursor.is_empty()) {
                let (more, next) = page(&format!("{query}&cursor={cursor}"));
                seen.extend(more);
                (info, pages) = (next, pages + 1);
                assert!(pages < 9, "{query} has no end");
            }
            let whole = page(&format!("sort={sort}&direction={direction}")).0;
            assert_eq!(seen, whole, "{query}");
        }
    }
    assert_eq!(page("search=ALPH").0, ["Alpha"]);
    assert_eq!(page("search=about").0, [""; 0]);
    assert_eq!(page("search=%25").0, [""; 0]);
    assert_eq!(page("search=_").0, [""; 0]);
    for query in [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=-1",
        "limit=1e3",
        "sort=colour",
        "direction=up",
        "cursor=%00",
        "cursor=nonsense",
        "colour=red",
        "limit=1&limit=2",
        &format!("search={}", "s".repeat(101)),
        &format!("cursor={}", "c".repeat(513)),
    ] {
        let answer = rest().get(&format!("{}?{query}", repos("rest-list")));
        assert_eq!(answer.error_code(400), INVALID_INPUT, "{query}");
    }
    assert_eq!(page("limit=200").0.len(), 5);
}

//! The rules are worth as much as the reading of the sources.

use super::support::source::paths_of;

#[test]
fn a_use_with_groups_is_multiplied_out() {
    let paths = paths_of("use crate::{git::{self, hash, pack::index as i}, storage::sql::*};");
    assert_eq!(
        paths,
        [
            "crate::git",
            "crate::git::hash",
            "crate::git::pack::index",
            "crate::storage::sql"
        ]
    );
}

#[test]
fn paths_in_code_types_and_attributes_are_seen() {
    let paths =
        paths_of("fn f(a: &crate::x::Y) -> ::worker::Result<b::C> { d::e(a, worker::f()) }");
    assert_eq!(
        paths,
        ["crate::x::Y", "worker::Result", "b::C", "worker::f", "d::e"]
    );
}

#[test]
fn tests_comments_and_strings_are_not_code() {
    let paths = paths_of(
        "/// a::b\n// c::d\nconst S: &str = \"e::f\";\n#[cfg(test)]\nmod tests { use g::h; }\n\
         #[cfg(test)]\nuse i::{j, k};\nfn live() { l::m() }",
    );
    assert_eq!(paths, ["l::m"]);
}

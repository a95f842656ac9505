use super::*;

fn parse(spec: &str) -> Result<ObjectFilter, FilterError> {
    ObjectFilter::parse(spec.into(), &mut |name| {
        assert_eq!(name, "main:.sparse");
        Ok(SparsePatterns::parse(b"/src/\n"))
    })
}

fn blobs_below(bytes: u64) -> ObjectFilter {
    ObjectFilter {
        blobs_below: Some(bytes),
        ..ObjectFilter::default()
    }
}

#[test]
fn specs_as_git_writes_them() {
    assert_eq!(parse("blob:none"), Ok(blobs_below(0)));
    assert_eq!(parse("blob:limit=0"), Ok(blobs_below(0)));
    assert_eq!(parse("blob:limit=2m"), Ok(blobs_below(2 << 20)));
    let tree = parse("tree:3").unwrap();
    assert_eq!(tree.depth_below, Some(3));
    assert!(tree.needs_paths() && !parse("tree:0").unwrap().needs_paths());
    let tags = parse("object:type=tag").unwrap();
    assert!(tags.keeps(ObjectKind::Tag, 9) && !tags.keeps(ObjectKind::Commit, 9));
    assert!(!tags.keeps_content());
    assert_eq!(parse("sparse:oid=main:.sparse").unwrap().sparse.len(), 1);
}

#[test]
fn combined_specs_ask_for_all_their_parts() {
    let all = parse("combine:blob:limit=9+combine:tree:4%2bblob:limit=7+object:type=blob").unwrap();
    assert_eq!((all.blobs_below, all.depth_below), (Some(7), Some(4)));
    assert_eq!(all.kinds, Some(vec![ObjectKind::Blob]));
    let none = parse("combine:object:type=blob+object:type=tree").unwrap();
    assert!(!none.keeps_content());
}

#[test]
fn a_text_that_is_not_a_spec_is_refused_in_gits_words() {
    let said = |spec: &str| parse(spec).unwrap_err().to_string();
    for spec in [
        "",
        "blob:most",
        "blob:limit=",
        "blob:limit=k",
        "blob:limit=-1",
        "blob:limit=99999999999g",
    ] {
        assert_eq!(said(spec), format!("invalid filter-spec '{spec}'"));
    }
    assert_eq!(said("tree:x"), "expected 'tree:<depth>'");
    assert_eq!(
        said("object:type=file"),
        "'file' for 'object:type=<type>' is not a valid object type"
    );
    assert_eq!(said("combine:"), "expected something after combine:");
    assert_eq!(
        said("combine:blob:none+a b"),
        "must escape char in sub-filter-spec: ' '"
    );
    assert_eq!(said("combine:blob:none+"), "invalid filter-spec ''");
    let many = format!("combine:{}", vec!["tree:1"; 100].join("+"));
    assert_eq!(said(&many), "filter-spec has too many parts, at most 64");
    assert_eq!(
        said(&"combine:".repeat(100)),
        "filter-spec has too many parts, at most 64"
    );
}

#[test]
fn places_count_from_the_root() {
    let filter = parse("tree:2").unwrap();
    let root = filter.root();
    assert!(filter.keeps_tree_in(root) && filter.keeps_blob_in(root, "a".into()));
    assert!(!filter.keeps_tree_in(filter.enter(root, "d".into())));
    assert!(filter.keeps_tree_in(filter.enter(ObjectFilter::wanted_tree(), "d".into())));
    let filter = parse("sparse:oid=main:.sparse").unwrap();
    let root = filter.root();
    assert!(!filter.keeps_blob_in(root, "a".into()) && filter.keeps_tree_in(root));
    let src = filter.enter(root, "src".into());
    assert!(filter.keeps_blob_in(src, "src/a".into()));
}

//! Rules about refs, as any JSON: rules that are read are written the same, and rules that pass the check
//! decide every name without a panic, the same by the rule that matches.
#![no_main]

use cairn::git::receive_pack::ref_rules::{RefOp, RefRules};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (json, name) = input.split_at(end);
    let name = name.strip_prefix(b"\n").unwrap_or(name);
    let Ok(rules) = serde_json::from_slice::<RefRules>(json) else {
        return;
    };
    let written = serde_json::to_vec(&rules).expect("rules are JSON");
    let again: RefRules = serde_json::from_slice(&written).expect("what was written is read");
    assert_eq!(rules.all(), again.all());
    if let Err(error) = rules.check() {
        let pointer = error.pointer();
        assert!(pointer.is_empty() || pointer.starts_with('/'));
        return;
    }
    for op in [RefOp::Create, RefOp::Update, RefOp::Delete, RefOp::Force] {
        let forbidden = rules.forbid(name.into(), op).map(|(rule, _)| rule);
        let matching = rules.of(name.into()).filter(|rule| rule.forbids(op).is_some());
        assert_eq!(forbidden, matching);
    }
});

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn rules(json: Value) -> RefRules {
    serde_json::from_value(json).unwrap()
}

fn name(name: &str) -> &BStr {
    BStr::new(name.as_bytes())
}

const OPS: [RefOp; 4] = [RefOp::Create, RefOp::Update, RefOp::Delete, RefOp::Force];

/// Every operation by every rule.
#[test]
fn each_operation_forbids_its_changes() {
    use ForbiddenOp::{NoCreate, NoDelete, NoForcePush, NoPush};
    use RefOp::{Create, Delete, Force, Update};
    let table: [(ForbiddenOp, &[RefOp]); 4] = [
        (NoPush, &[Create, Update, Delete, Force]),
        (NoCreate, &[Create]),
        (NoDelete, &[Delete]),
        (NoForcePush, &[Force]),
    ];
    assert_eq!(table.map(|(op, _)| op), ForbiddenOp::ALL);
    for (forbidden, ops) in table {
        for op in OPS {
            assert_eq!(
                forbidden.forbids(op),
                ops.contains(&op),
                "{forbidden:?} {op:?}"
            );
        }
        let named = json!(forbidden.name());
        assert_eq!(serde_json::to_value(forbidden).unwrap(), named);
    }
}

#[test]
fn a_pattern_is_a_name_a_beginning_or_everything() {
    let table = [
        ("refs/heads/main", "refs/heads/main", true),
        ("refs/heads/main", "refs/heads/main2", false),
        ("refs/heads/main", "refs/heads/Main", false),
        ("refs/heads/release-*", "refs/heads/release-1/x", true),
        ("refs/heads/release-*", "refs/heads/release-", true),
        ("refs/heads/release-*", "refs/heads/release", false),
        ("refs/*", "refs/notes/commits", true),
        ("*", "refs/notes/commits", true),
    ];
    for (pattern, of, matches) in table {
        let rule = RefRule(pattern.to_owned(), vec![]);
        assert_eq!(rule.matches(name(of)), matches, "{pattern} {of}");
    }
    let rule = RefRule("refs/heads/é*".to_owned(), vec![]);
    assert!(!rule.matches(BStr::new(b"refs/heads/\xc3")));
}

#[test]
fn the_first_rule_that_matches_decides() {
    let rules = rules(json!([
        ["refs/heads/agent/*", []],
        ["refs/heads/main", ["no-force-push", "no-delete"]],
        ["*", ["no-push"]],
    ]));
    let forbidden = |of: &str, op| rules.forbid(name(of), op).map(|(_, op)| op.name());
    for op in OPS {
        assert_eq!(forbidden("refs/heads/agent/1", op), None);
        assert_eq!(forbidden("refs/heads/other", op), Some("no-push"));
    }
    assert_eq!(forbidden("refs/heads/main", RefOp::Update), None);
    assert_eq!(forbidden("refs/heads/main", RefOp::Create), None);
    assert_eq!(
        forbidden("refs/heads/main", RefOp::Force),
        Some("no-force-push")
    );
    assert_eq!(
        forbidden("refs/heads/main", RefOp::Delete),
        Some("no-delete")
    );
}

#[test]
fn a_token_s_rules_and_the_repository_s_must_both_allow() {
    let of_token = rules(json!([["refs/heads/a", ["no-delete"]]]));
    let of_repository = rules(json!([["refs/heads/a", ["no-push"]], ["*", ["no-create"]]]));
    let told = |name_of: &str, op, overrides| {
        let in_force = RulesInForce {
            token: Some(&of_token),
            repository: &of_repository,
            overrides,
        };
        let forbidden = in_force.forbid(name(name_of), op);
        forbidden.map(|forbidden| forbidden.to_string())
    };
    let told = |name_of: &str, op, overrides| told(name_of, op, overrides).unwrap_or_default();
    assert_eq!(
        told("refs/heads/a", RefOp::Delete, false),
        "token: no-delete"
    );
    assert_eq!(
        told("refs/heads/a", RefOp::Update, false),
        "protected: no-push"
    );
    assert_eq!(
        told("refs/heads/b", RefOp::Create, false),
        "protected: no-create"
    );
    assert_eq!(told("refs/heads/b", RefOp::Force, false), "");
    // The token's stay.
    assert_eq!(
        told("refs/heads/a", RefOp::Delete, true),
        "token: no-delete"
    );
    assert_eq!(told("refs/heads/a", RefOp::Update, true), "");
}

#[test]
fn the_fault_in_rules_is_named() {
    let many = Value::from(vec![json!(["*", []]); RULES_MAX + 1]);
    let long = format!("refs/heads/{}*", "x".repeat(PATTERN_BYTES_MAX));
    let table = [
        (many, "", "101 rules, at most 100 are taken"),
        (
            json!([["*", []], [long, []]]),
            "/1/0",
            "the pattern has 252 bytes, at most 240",
        ),
        (
            json!([["main", []]]),
            "/0/0",
            "the pattern 'main' is neither '*' nor begins with 'refs/'",
        ),
        (
            json!([["*", ["no-push", "no-delete", "no-push"]]]),
            "/0/1/2",
            "no-push is named twice",
        ),
    ];
    for (wrong, pointer, message) in table {
        let error = rules(wrong).check().unwrap_err();
        assert_eq!(
            (error.pointer().as_str(), error.to_string().as_str()),
            (pointer, message)
        );
    }
    for pattern in [
        "refs/*/x",
        "refs/heads/**",
        "refs/heads/a..b",
        "refs/x",
        "refs/heads/.*",
        "",
    ] {
        rules(json!([[pattern, []]])).check().unwrap_err();
    }
    for pattern in [
        "refs/*",
        "refs/he*",
        "refs/heads/*",
        "refs/heads/v1.*",
        "refs/tags/é",
        "*",
    ] {
        assert_eq!(rules(json!([[pattern, []]])).check(), Ok(()), "{pattern}");
    }
    assert_eq!(
        rules(Value::from(vec![json!(["*", []]); RULES_MAX])).check(),
        Ok(())
    );
}

#[test]
fn rules_are_read_as_they_are_written() {
    let written = json!([
        ["refs/heads/main", ["no-push", "no-create", "no-delete"]],
        ["*", []]
    ]);
    assert_eq!(
        serde_json::to_value(rules(written.clone())).unwrap(),
        written
    );
    for wrong in [
        json!([["*"]]),
        json!([["*", ["no-merge"]]]),
        json!([["*", [], 1]]),
        json!({"*": []}),
    ] {
        serde_json::from_value::<RefRules>(wrong).unwrap_err();
    }
}

/// The same decision, found another way: from the last rule to the first, each rule that matches replaces the
/// decision. Patterns are compared letter by letter.
fn model(rules: &RefRules, of: &str, op: RefOp) -> Option<&'static str> {
    let mut decided = None;
    for RefRule(pattern, ops) in rules.all().iter().rev() {
        let mut letters = of.bytes();
        let is_matched = pattern.bytes().all(|letter| match letter {
            b'*' => {
                letters.by_ref().for_each(drop);
                true
            }
            letter => letters.next() == Some(letter),
        });
        if is_matched && letters.next().is_none() {
            decided = ops.iter().find_map(|forbidden| {
                let name = forbidden.name();
                let forbids = matches!(
                    (name, op),
                    ("no-push", _)
                        | ("no-create", RefOp::Create)
                        | ("no-delete", RefOp::Delete)
                        | ("no-force-push", RefOp::Force)
                );
                forbids.then_some(name)
            });
        }
    }
    decided
}

fn some_rules() -> impl Strategy<Value = RefRules> {
    let op = prop::sample::select(ForbiddenOp::ALL.to_vec());
    let pattern = "(refs/(heads|tags)/[ab]{0,3}[*]?|[*])";
    let rule = (pattern, prop::collection::vec(op, 0..4));
    let rule = rule.prop_map(|(pattern, ops)| RefRule(pattern, ops));
    prop::collection::vec(rule, 0..8).prop_map(RefRules::from)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn random_rules_decide_as_the_model_does(
        token in some_rules(),
        repository in some_rules(),
        names in prop::collection::vec("refs/(heads|tags|notes)/[ab]{1,4}", 4),
    ) {
        for of in names {
            for op in OPS {
                for overrides in [false, true] {
                    let in_force = RulesInForce {
                        token: Some(&token),
                        repository: &repository,
                        overrides,
                    };
                    let forbidden = in_force.forbid(name(&of), op);
                    let of_token = model(&token, &of, op).map(|op| format!("token: {op}"));
                    let of_repository = model(&repository, &of, op);
                    let of_repository = of_repository.map(|op| format!("protected: {op}"));
                    let passed = in_force.overridden(name(&of), op);
                    let passed = passed.map(|passed| passed.to_string());
                    prop_assert_eq!(passed, of_repository.clone().filter(|_| overrides));
                    let expected = of_token.or(of_repository.filter(|_| !overrides));
                    prop_assert_eq!(forbidden.map(|forbidden| forbidden.to_string()), expected);
                }
            }
        }
    }
}

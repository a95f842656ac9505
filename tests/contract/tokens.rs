//! Tokens.

use cairn::storage::db::sql::Database;
use cairn::storage::repository::standing::Standing;
use cairn::storage::repository::tokens::{NewToken, PageStart, Scope, TokenState};

use super::{NOW, created};

crate::contract::cases![
    a_token_is_found_by_hash_and_by_id,
    a_token_ends,
    tokens_are_listed_by_state,
    pages_behind_a_token_neither_repeat_nor_skip,
    a_use_is_noted_once_an_hour,
    a_standing_revokes_the_tokens_before_its_epoch,
];

const HOUR: i64 = 3_600_000;
const IDS: [&str; 4] = [
    "aaaaaaaaaaaaaaaa",
    "bbbbbbbbbbbbbbbb",
    "cccccccccccccccc",
    "dddddddddddddddd",
];

fn token(number: u8, sha256: &[u8; 32]) -> NewToken<'_> {
    let created_at = NOW + i64::from(number);
    let id = IDS[usize::from(number)];
    let expires_at = created_at + HOUR;
    NewToken {
        id,
        sha256,
        scope: Scope::Write,
        label: "agent",
        created_at,
        expires_at,
        refs: None,
    }
}

fn a_token_is_found_by_hash_and_by_id<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let tokens = store.tokens();
    let before = store.database().rows_written();
    tokens.insert(&token(0, &[1; 32])).unwrap();
    assert!(store.database().rows_written() - before <= 2);
    let found = tokens.find(&[1; 32]).unwrap().unwrap();
    assert_eq!(
        (found.id.as_str(), found.scope, found.label.as_str()),
        (IDS[0], Scope::Write, "agent")
    );
    assert_eq!(tokens.find_by_id(IDS[0]), Ok(Some(found)));
    assert_eq!(tokens.find(&[2; 32]), Ok(None));
    assert_eq!(tokens.find_by_id(IDS[1]), Ok(None));
    tokens.insert(&token(1, &[1; 32])).unwrap_err();
    tokens.insert(&token(0, &[2; 32])).unwrap_err();
}

fn a_token_ends<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let tokens = store.tokens();
    tokens.insert(&token(0, &[1; 32])).unwrap();
    let state = |now| tokens.find(&[1; 32]).unwrap().unwrap().state(now);
    assert_eq!(state(NOW + HOUR - 1), TokenState::Active);
    assert_eq!(state(NOW + HOUR), TokenState::Expired);
    assert_eq!(tokens.revoke(IDS[0], NOW + 5), Ok(true));
    assert_eq!(tokens.revoke(IDS[0], NOW + 6), Ok(true));
    assert_eq!(tokens.revoke(IDS[1], NOW + 6), Ok(false));
    assert_eq!(state(NOW), TokenState::Revoked);
    assert_eq!(state(NOW + HOUR), TokenState::Revoked);
    assert_eq!(
        tokens.find(&[1; 32]).unwrap().unwrap().revoked_at,
        Some(NOW + 5)
    );
}

fn tokens_are_listed_by_state<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let tokens = store.tokens();
    for number in 0..4 {
        tokens.insert(&token(number, &[number; 32])).unwrap();
    }
    tokens.revoke(IDS[3], NOW).unwrap();
    let now = NOW + HOUR + 1;
    let list = |state, offset, limit| {
        let page = tokens
            .list(state, None, now, PageStart::Skip(offset), limit)
            .unwrap();
        let ids: Vec<String> = page.tokens.into_iter().map(|token| token.id).collect();
        (ids, page.total_count)
    };
    let expect = |ids: &[&str], total| (ids.iter().map(ToString::to_string).collect(), total);
    assert_eq!(
        list(None, 0, 9),
        expect(&[IDS[3], IDS[2], IDS[1], IDS[0]], 4)
    );
    assert_eq!(list(None, 1, 2), expect(&[IDS[2], IDS[1]], 4));
    assert_eq!(list(Some(TokenState::Revoked), 0, 9), expect(&[IDS[3]], 1));
    assert_eq!(
        list(Some(TokenState::Expired), 0, 9),
        expect(&[IDS[1], IDS[0]], 2)
    );
    assert_eq!(list(Some(TokenState::Active), 0, 9), expect(&[IDS[2]], 1));
    assert_eq!(list(Some(TokenState::Active), 5, 9), expect(&[], 1));
}

fn pages_behind_a_token_neither_repeat_nor_skip<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let tokens = store.tokens();
    for number in 1..4 {
        tokens.insert(&token(number, &[number; 32])).unwrap();
    }
    let mut seen = Vec::new();
    let mut start = PageStart::Skip(0);
    let mut last;
    loop {
        let page = tokens.list(None, None, NOW, start, 1).unwrap();
        last = page.tokens.into_iter().next().unwrap();
        seen.push(last.id.clone());
        if !page.has_more {
            break;
        }
        if seen.len() == 1 {
            // A newer one comes; by pages the next one would be seen again.
            let newest = NewToken {
                created_at: NOW + HOUR,
                expires_at: NOW + 2 * HOUR,
                ..token(0, &[9; 32])
            };
            tokens.insert(&newest).unwrap();
        }
        start = PageStart::Behind {
            created_at: last.created_at,
            id: &last.id,
        };
    }
    assert_eq!(seen, [IDS[3], IDS[2], IDS[1]]);
}

fn a_use_is_noted_once_an_hour<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let tokens = store.tokens();
    tokens.insert(&token(0, &[1; 32])).unwrap();
    let mut noted = Vec::new();
    for now in [NOW, NOW + 1, NOW + HOUR - 1, NOW + HOUR, NOW + HOUR + 1] {
        let token = tokens.find(&[1; 32]).unwrap().unwrap();
        tokens.touch(&token.id, token.last_used_at, now).unwrap();
        noted.push(
            tokens
                .find(&[1; 32])
                .unwrap()
                .unwrap()
                .last_used_at
                .unwrap()
                - NOW,
        );
    }
    assert_eq!(noted, [0, 0, 0, HOUR, HOUR]);
}

fn a_standing_revokes_the_tokens_before_its_epoch<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    store.tokens().insert(&token(0, &[1; 32])).unwrap();
    store.tokens().insert(&token(1, &[2; 32])).unwrap();
    let told = Standing {
        version: 2,
        token_epoch_ms: NOW + 1,
        ..Standing::default()
    };
    let before = store.database().rows_written();
    assert_eq!(store.take_standing(&told), Ok(true));
    assert_eq!(store.database().rows_written() - before, 1);
    let state = |sha256| store.tokens().find(sha256).unwrap().unwrap().state(NOW + 2);
    assert_eq!(state(&[1; 32]), TokenState::Revoked);
    assert_eq!(state(&[2; 32]), TokenState::Active);
    let listed = |state| {
        let start = PageStart::Skip(0);
        let page = store.tokens().list(Some(state), None, NOW + 2, start, 10);
        let page = page.unwrap();
        (page.total_count, page.tokens.len())
    };
    assert_eq!(listed(TokenState::Revoked), (1, 1));
    assert_eq!(listed(TokenState::Active), (1, 1));
    // A message that comes late changes nothing.
    let older = Standing {
        version: 1,
        ..Standing::default()
    };
    assert_eq!(store.take_standing(&older), Ok(true));
    assert_eq!(state(&[1; 32]), TokenState::Revoked);
    let known = || store.load().unwrap().unwrap().policies.standing;
    assert_eq!(known(), told);
    // A namespace that was lost and made again does not know of the revocation; it stays.
    let again = Standing {
        version: 3,
        read_only: true,
        ..Standing::default()
    };
    assert_eq!(store.take_standing(&again), Ok(true));
    let token_epoch_ms = told.token_epoch_ms;
    let kept = Standing {
        token_epoch_ms,
        ..again
    };
    assert_eq!(known(), kept);
    // As a repository moves to a namespace that has revoked nothing.
    let tokens = store.tokens();
    tokens.revoke_made_before(token_epoch_ms, NOW).unwrap();
    store.set_standing(&Standing::default()).unwrap();
    assert_eq!(known(), Standing::default());
    assert_eq!(state(&[1; 32]), TokenState::Revoked);
}

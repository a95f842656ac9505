//! An export for `benches/push.mjs`: the engine's part of a first push of any repository.
//!
//! | export | what it does |
//! |---|---|
//! | `room(bytes)` | makes room for the push, and says where: how many tips (four bytes, the lowest first), their ids, the pack |
//! | `push()` | takes it into a repository in memory, and says how many objects it has |

use std::cell::RefCell;

use gix_hash::ObjectId;

use super::operations::Server;

thread_local! {
    static PUSH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

const ID_BYTES: usize = 20;

#[unsafe(no_mangle)]
extern "C" fn room(bytes: u32) -> *const u8 {
    PUSH.with_borrow_mut(|push| {
        *push = vec![0; bytes as usize];
        push.as_ptr()
    })
}

#[unsafe(no_mangle)]
extern "C" fn push() -> u32 {
    PUSH.with_borrow(|push| {
        let (count, rest) = push.split_first_chunk().expect("a count");
        let ids_bytes = u32::from_le_bytes(*count) as usize * ID_BYTES;
        let (ids, pack) = rest.split_at(ids_bytes);
        let tips: Vec<_> = ids
            .chunks(ID_BYTES)
            .map(ObjectId::from_bytes_or_panic)
            .collect();
        Server::with(pack, &tips).objects()
    })
}

//! Push commands: the same whole and byte by byte, the pack untouched; names never panic.
#![no_main]

use cairn::git::limits::Limits;
use cairn::git::protocol::capabilities::Offer;
use cairn::git::protocol::push_commands::{PushCommands, PushCommandsError, PushCommandsReader};
use cairn::git::refname;
use libfuzzer_sys::fuzz_target;

fn read(bytes: &[u8], piece_bytes: usize) -> Result<(PushCommands, Vec<u8>), PushCommandsError> {
    let mut reader = PushCommandsReader::new(Offer::DEFAULT, &Limits::DEFAULT);
    let mut pack = Vec::new();
    for mut piece in bytes.chunks(piece_bytes) {
        if reader.feed(&mut piece)? {
            pack.extend_from_slice(piece);
        }
    }
    let taken = reader.bytes_taken();
    let push = reader.finish()?;
    assert_eq!(taken + pack.len(), bytes.len());
    Ok((push, pack))
}

fuzz_target!(|bytes: &[u8]| {
    let whole = read(bytes, usize::MAX);
    assert_eq!(whole, read(bytes, 1));
    if let Ok((push, _)) = whole {
        let _ = push.check_names_differ();
        for command in &push.commands {
            let name = command.name.as_ref();
            let valid = refname::check_update(name, Limits::DEFAULT.refname_bytes_max).is_ok();
            assert!(!valid || refname::is_valid(name));
        }
    }
});

//! How a [record](super::recovery_record) begins: whose it is. A list that was lost is made again of many
//! records, of which nothing more is read.

use gix_object::bstr::ByteSlice as _;

/// Bytes of a record that have its head, and more.
pub const RECORD_HEAD_BYTES: u64 = 512;

/// Where a recorded repository was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordHead {
    /// Its id.
    pub id: String,
    /// Its namespace, as created.
    pub namespace: String,
    /// Its name, as created.
    pub name: String,
}

impl RecordHead {
    /// Reads the first bytes of a record; `None` if it begins otherwise.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut lines = bytes.lines();
        if !lines.next()?.starts_with(b"cairn record ") {
            return None;
        }
        let mut line = |word: &[u8]| {
            let rest = lines.next()?.strip_prefix(word)?;
            Some(rest.to_str().ok()?.to_owned())
        };
        Some(Self {
            id: line(b"id ")?,
            namespace: line(b"namespace ")?,
            name: line(b"name ")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_first_whose_it_is() {
        let text = "cairn record 2\nid 0123456789abcdef\nnamespace Acme\nname w.idgets\ncreated 17";
        let head = RecordHead {
            id: "0123456789abcdef".to_owned(),
            namespace: "Acme".to_owned(),
            name: "w.idgets".to_owned(),
        };
        assert_eq!(RecordHead::parse(text.as_bytes()), Some(head));
        for bytes in [
            b"".as_slice(),
            b"cairn record 2",
            b"cairn record 2\nid x\nname y\n",
            b"another\nid x\nnamespace y\nname z\n",
            b"cairn record 2\nid \xff\nnamespace y\nname z\n",
        ] {
            assert_eq!(RecordHead::parse(bytes), None);
        }
    }
}

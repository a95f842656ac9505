//! How a [record](super::recovery_record) begins: the lines that name its repository. To make a lost list
//! again, many records are read as far as this.

use gix_object::bstr::ByteSlice as _;
use serde::{Deserialize, Serialize};

use super::recovery_record_v2;

/// Bytes of a record that have its head, and more.
pub(crate) const RECORD_HEAD_BYTES: u64 = 512;

/// Names the recorded repository: the first line of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordHead {
    /// The version of the record.
    #[serde(rename = "cairn_record")]
    pub(crate) version: u32,
    /// Its id.
    pub(crate) id: String,
    /// Its namespace, as created.
    pub(crate) namespace: String,
    /// Its name, as created.
    pub(crate) name: String,
}

impl RecordHead {
    /// Reads the first bytes of a record; `None` if it begins otherwise.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut lines = bytes.lines();
        let first = lines.next()?;
        if first != recovery_record_v2::FIRST {
            return serde_json::from_slice(first).ok();
        }
        let mut line = |word: &[u8]| {
            let rest = lines.next()?.strip_prefix(word)?;
            Some(rest.to_str().ok()?.to_owned())
        };
        Some(Self {
            version: recovery_record_v2::VERSION,
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
        let json = concat!(
            r#"{"cairn_record":3,"id":"0123456789abcdef","namespace":"Acme","name":"w.idgets"}"#,
            "\n{\"repository\":{\"descr"
        );
        let words =
            "cairn record 2\nid 0123456789abcdef\nnamespace Acme\nname w.idgets\ncreated 17";
        for (version, text) in [(3, json), (2, words)] {
            let head = RecordHead {
                version,
                id: "0123456789abcdef".to_owned(),
                namespace: "Acme".to_owned(),
                name: "w.idgets".to_owned(),
            };
            assert_eq!(RecordHead::parse(text.as_bytes()), Some(head));
        }
        for bytes in [
            b"".as_slice(),
            b"{}\n",
            b"{\"cairn_record\":3,\"id\":\"x\",\"namespace\":\"y\"}\n",
            b"{\"cairn_record\":3,\"id\":\"x\",\"namespace\":\"y\",\"na",
            b"cairn record 2",
            b"cairn record 2\nid x\nname y\n",
            b"another\nid x\nnamespace y\nname z\n",
            b"cairn record 2\nid \xff\nnamespace y\nname z\n",
        ] {
            assert_eq!(RecordHead::parse(bytes), None);
        }
    }
}

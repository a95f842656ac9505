//! The command `object-info`: <https://git-scm.com/docs/gitprotocol-v2#_object_info>.

use gix_hash::{ObjectId, oid};

use crate::git::limits::Limits;

use super::{oid_hex, pktline};

/// A request for facts about objects that cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectInfoError {
    /// An argument that the command does not have.
    #[error("object-info: unexpected line: '{line}'")]
    UnexpectedLine {
        /// The argument.
        line: String,
    },
    /// Not an object id.
    #[error("object-info: protocol error, expected to get oid, not '{text}'")]
    NotAnId {
        /// The text in its place.
        text: String,
    },
    /// More objects than one request may name.
    #[error("object-info: at most {objects_max} objects in one request")]
    TooMany {
        /// The bound.
        objects_max: usize,
    },
}

/// Facts about objects that the client asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectInfoRequest {
    /// The objects' sizes.
    pub size: bool,
    /// The objects, in the order asked.
    pub object_ids: Vec<ObjectId>,
}

impl ObjectInfoRequest {
    /// Takes one argument. As many objects may be named as wants in a fetch.
    pub(super) fn argument(&mut self, line: &[u8], limits: &Limits) -> Result<(), ObjectInfoError> {
        if line == b"size" {
            self.size = true;
            return Ok(());
        }
        let Some(digits) = line.strip_prefix(b"oid ") else {
            return Err(ObjectInfoError::UnexpectedLine {
                line: pktline::quoted(line),
            });
        };
        let Some(object_id) = oid_hex::parse(digits) else {
            return Err(ObjectInfoError::NotAnId {
                text: pktline::quoted(digits),
            });
        };
        if self.object_ids.len() >= limits.wants_max {
            return Err(ObjectInfoError::TooMany {
                objects_max: limits.wants_max,
            });
        }
        self.object_ids.push(object_id);
        Ok(())
    }

    /// Writes the lines before the objects.
    pub(crate) fn write_header(&self, out: &mut Vec<u8>) {
        if self.size && !self.object_ids.is_empty() {
            pktline::line(&[b"size"], out);
        }
    }

    /// Writes the line of one object; `size_bytes` is `None` when it is not here.
    pub(crate) fn write_object(&self, object_id: &oid, size_bytes: Option<u64>, out: &mut Vec<u8>) {
        let digits = oid_hex::hex(object_id);
        match size_bytes {
            Some(size_bytes) if self.size => {
                pktline::line(&[&digits, b" ", size_bytes.to_string().as_bytes()], out);
            }
            Some(_) => pktline::line(&[&digits], out),
            None => pktline::line(&[&digits, b" "], out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &[u8; 40] = b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

    #[test]
    fn arguments_and_answer() {
        let limits = Limits {
            wants_max: 1,
            ..Limits::DEFAULT
        };
        let mut request = ObjectInfoRequest::default();
        request.argument(b"size", &limits).unwrap();
        let named = [b"oid ", &ID[..]].concat();
        request.argument(&named, &limits).unwrap();
        let mut out = Vec::new();
        request.write_header(&mut out);
        request.write_object(&request.object_ids[0], Some(12), &mut out);
        request.write_object(&request.object_ids[0], None, &mut out);
        let hex = std::str::from_utf8(ID).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            format!("0008size002f{hex} 12002d{hex} ")
        );

        let error = |line: &[u8]| {
            request
                .clone()
                .argument(line, &limits)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(error(b"type"), "object-info: unexpected line: 'type'");
        assert_eq!(
            error(b"oid x"),
            "object-info: protocol error, expected to get oid, not 'x'"
        );
        assert_eq!(
            error(&named),
            "object-info: at most 1 objects in one request"
        );
    }
}

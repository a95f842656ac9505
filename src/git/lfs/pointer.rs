//! The pointer that a commit has in the place of a large file.
//!
//! ```text
//! version https://git-lfs.github.com/spec/v1
//! oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
//! size 12345
//! ```
//!
//! Lines of extensions (`ext-0-name sha256:…`) may stand between the first two.

use gix_object::bstr::ByteSlice as _;

use super::oid::LfsOid;

/// Bytes that a pointer has at most; git-lfs reads no larger blob as one.
pub const POINTER_BYTES_MAX: usize = 1024;

/// Bytes that a pointer has at least: the shortest version, a name, and a size of one digit.
pub const POINTER_BYTES_MIN: usize = 114;

/// The versions that git-lfs reads, the one that is written first.
const VERSIONS: [&str; 3] = [
    "https://git-lfs.github.com/spec/v1",
    "https://hawser.github.com/spec/v1",
    "http://git-media.io/v/2",
];

/// A large file, as its pointer names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pointer {
    /// Its name.
    pub oid: LfsOid,
    /// Its bytes.
    pub size: u64,
}

impl Pointer {
    /// Reads a blob; `None` if it is not a pointer. The empty blob is not a pointer: git-lfs stores an empty
    /// file as it is.
    pub fn parse(blob: &[u8]) -> Option<Self> {
        if blob.len() > POINTER_BYTES_MAX {
            return None;
        }
        let mut lines = blob.lines();
        let version = lines.next()?.strip_prefix(b"version ")?;
        if !VERSIONS.iter().any(|known| known.as_bytes() == version) {
            return None;
        }
        let (mut oid, mut size) = (None, None);
        for line in lines {
            let (key, value) = line.split_once_str(" ")?;
            match key {
                b"oid" if oid.is_none() => {
                    oid = Some(LfsOid::from_hex(value.strip_prefix(b"sha256:")?)?);
                }
                b"size" if size.is_none() && oid.is_some() => {
                    size = Some(decimal(value)?);
                }
                key if key.starts_with(b"ext-") && oid.is_none() => {}
                _ => return None,
            }
        }
        Some(Self {
            oid: oid?,
            size: size?,
        })
    }

    /// The pointer as git-lfs writes it.
    pub fn write(&self) -> Vec<u8> {
        let Self { oid, size } = self;
        let [version, ..] = VERSIONS;
        format!("version {version}\noid sha256:{oid}\nsize {size}\n").into_bytes()
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    is_number.then_some(digits)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OID: &str = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";

    #[test]
    fn a_pointer_reads_as_it_was_written() {
        let oid = LfsOid::from_hex(OID.as_bytes()).unwrap();
        for size in [0, 1, 12345, u64::MAX] {
            let pointer = Pointer { oid, size };
            assert_eq!(Pointer::parse(&pointer.write()), Some(pointer));
        }
        let v1 = "version https://git-lfs.github.com/spec/v1";
        let read = |text: String| Pointer::parse(text.as_bytes());
        let pointer = Some(Pointer { oid, size: 7 });
        for text in [
            format!("{v1}\noid sha256:{OID}\nsize 7\n"),
            format!("{v1}\noid sha256:{OID}\nsize 7"),
            format!("{v1}\r\noid sha256:{OID}\r\nsize 7\r\n"),
            format!("version http://git-media.io/v/2\noid sha256:{OID}\nsize 7\n"),
            format!("{v1}\next-0-foo sha256:{OID}\noid sha256:{OID}\nsize 7\n"),
        ] {
            assert_eq!(read(text.clone()), pointer, "{text}");
        }
        let shortest = format!("version http://git-media.io/v/2\noid sha256:{OID}\nsize 0");
        assert_eq!(shortest.len(), POINTER_BYTES_MIN);
        assert_eq!(read(shortest), Some(Pointer { oid, size: 0 }));
        let pad = " ".repeat(1024);
        for text in [
            String::new(),
            "hello".to_owned(),
            format!("{v1}\n"),
            format!("{v1}\noid sha256:{OID}\n"),
            format!("{v1}\nsize 7\noid sha256:{OID}\n"),
            format!("{v1}\noid sha256:{OID}\nsize -7\n"),
            format!("{v1}\noid sha256:{OID}\nsize +7\n"),
            format!("{v1}\noid sha256:{OID}\nsize 7\nsize 7\n"),
            format!("{v1}\noid md5:{OID}\nsize 7\n"),
            format!("{v1}\noid sha256:{OID}0\nsize 7\n"),
            format!("{v1}\noid sha256:{OID}\nsize 99999999999999999999\n"),
            format!("version 2\noid sha256:{OID}\nsize 7\n"),
            format!("{v1}\noid sha256:{OID}\nsize 7\n{pad}"),
        ] {
            assert_eq!(read(text.clone()), None, "{text}");
        }
    }
}

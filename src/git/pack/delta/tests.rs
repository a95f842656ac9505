use proptest::prelude::*;

use super::cursor::COPY_BYTES_OF_ZERO;
use super::*;

/// Writes deltas: enough of an encoder to make every form of instruction.
#[derive(Default)]
struct Encoder {
    delta: Vec<u8>,
    result: Vec<u8>,
}

impl Encoder {
    fn size(out: &mut Vec<u8>, mut size: u64) {
        while size > 0x7f {
            out.push(u8::try_from(size & 0x7f).unwrap() | 0x80);
            size >>= 7;
        }
        out.push(u8::try_from(size).unwrap());
    }

    fn copy(&mut self, base: &[u8], offset: usize, length: usize) {
        self.result
            .extend_from_slice(&base[offset..offset + length]);
        let at = self.delta.len();
        self.delta.push(0x80);
        let size = if length == COPY_BYTES_OF_ZERO {
            0
        } else {
            length
        };
        for (shift, value) in [(0, offset), (4, size)] {
            for place in 0..4 {
                let byte = u8::try_from(value >> (8 * place) & 0xff).unwrap();
                if byte != 0 {
                    self.delta[at] |= 1 << (shift + place);
                    self.delta.push(byte);
                }
            }
        }
    }

    fn insert(&mut self, bytes: &[u8]) {
        self.result.extend_from_slice(bytes);
        self.delta.push(u8::try_from(bytes.len()).unwrap());
        self.delta.extend_from_slice(bytes);
    }

    fn finish(self, base: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut delta = Vec::new();
        Self::size(&mut delta, base.len() as u64);
        Self::size(&mut delta, self.result.len() as u64);
        delta.extend(self.delta);
        (delta, self.result)
    }
}

#[derive(Debug, Clone)]
enum Instruction {
    Copy { offset: usize, length: usize },
    Insert(Vec<u8>),
}

fn instructions(base_bytes: usize) -> impl Strategy<Value = Vec<Instruction>> {
    let copy = (0..base_bytes).prop_flat_map(move |offset| {
        let longest = (base_bytes - offset).min(0xff_ffff);
        (Just(offset), 1..=longest)
            .prop_map(|(offset, length)| Instruction::Copy { offset, length })
    });
    let insert = proptest::collection::vec(any::<u8>(), 1..=0x7f).prop_map(Instruction::Insert);
    proptest::collection::vec(prop_oneof![copy, insert], 1..12)
}

proptest! {
    #[test]
    fn applying_gives_what_the_encoder_meant(
        (base, instructions) in (4_usize..200_000).prop_flat_map(|n| {
            (Just((0..n).map(|i| u8::try_from(i * 31 % 255).unwrap()).collect::<Vec<_>>()),
             instructions(n))
        })
    ) {
        let mut encoder = Encoder::default();
        for instruction in &instructions {
            match instruction {
                Instruction::Copy { offset, length } => encoder.copy(&base, *offset, *length),
                Instruction::Insert(bytes) => encoder.insert(bytes),
            }
        }
        let (delta, result) = encoder.finish(&base);
        prop_assert_eq!(sizes(&delta), Ok((base.len() as u64, result.len() as u64)));
        let applied = apply(&base, &delta, u64::MAX).unwrap();
        prop_assert!(applied == result);
        for cut in 0..delta.len() {
            prop_assert!(apply(&base, &delta[..cut], u64::MAX).is_err());
        }
    }

    #[test]
    fn no_delta_panics(
        base in proptest::collection::vec(any::<u8>(), 0..100),
        delta in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let _ = apply(&base, &delta, 1 << 20);
        let mut fitting = vec![u8::try_from(base.len()).unwrap(), 50];
        fitting.extend(delta);
        let _ = apply(&base, &fitting, 1 << 20);
    }
}

#[test]
fn a_copy_of_size_zero_copies_64_kib() {
    let base = vec![7; 0x1_0000];
    let delta = [0x80, 0x80, 0x04, 0x80, 0x80, 0x04, 0x80];
    assert_eq!(apply(&base, &delta, 1 << 20).unwrap(), base);
}

#[test]
fn every_refusal_has_its_error() {
    let apply = |delta: &[u8]| apply(b"base", delta, 100);
    assert_eq!(apply(&[4, 2, 2]), Err(DeltaError::Truncated { at: 3 }));
    assert_eq!(
        apply(&[5, 1, 1, b'x']),
        Err(DeltaError::BaseSize {
            expected: 5,
            actual: 4
        })
    );
    assert_eq!(
        apply(&[4, 101, 1, b'x']),
        Err(DeltaError::TooLarge {
            size: 101,
            limit: 100
        })
    );
    assert_eq!(apply(&[4, 1, 0, b'x']), Err(DeltaError::Reserved { at: 2 }));
    assert_eq!(
        apply(&[4, 9, 3, b'x']),
        Err(DeltaError::Truncated { at: 4 })
    );
    assert_eq!(
        apply(&[4, 9, 0x91, 1]),
        Err(DeltaError::Truncated { at: 4 })
    );
    assert_eq!(
        apply(&[4, 9, 0x91, 1, 4]),
        Err(DeltaError::CopyOutOfBase {
            offset: 1,
            length: 4,
            base: 4
        })
    );
    assert_eq!(
        apply(&[4, 1, 2, b'x', b'y']),
        Err(DeltaError::ResultSize {
            expected: 1,
            actual: 2
        })
    );
    assert_eq!(
        apply(&[4, 3, 1, b'x']),
        Err(DeltaError::ResultSize {
            expected: 3,
            actual: 1
        })
    );
    assert_eq!(sizes(&[0xff; 12]), Err(DeltaError::SizeOverflow));
    assert_eq!(sizes(&[0x80]), Err(DeltaError::Truncated { at: 1 }));
}

/// Applies a delta that comes in pieces of this size.
fn apply_pieces(base: &[u8], delta: &[u8], piece: usize) -> Result<Vec<u8>, DeltaError> {
    let (mut reader, mut result) = (DeltaReader::default(), Vec::new());
    for mut input in delta.chunks(piece) {
        while let Some(run) = reader.next(&mut input)? {
            match run {
                Run::Sizes(expected, _) => {
                    let actual = base.len() as u64;
                    if expected != actual {
                        return Err(DeltaError::BaseSize { expected, actual });
                    }
                }
                Run::Insert(bytes) => result.extend_from_slice(bytes),
                Run::Copy(offset, length) => {
                    let start = usize::try_from(offset).unwrap();
                    let end = start + usize::try_from(length).unwrap();
                    result.extend_from_slice(&base[start..end]);
                }
            }
        }
    }
    reader.finish().map(|()| result)
}

proptest! {
    #[test]
    fn a_delta_in_pieces_gives_what_it_gives_whole(
        base in proptest::collection::vec(any::<u8>(), 0..300),
        mut delta in proptest::collection::vec(any::<u8>(), 0..60),
        sizes in any::<bool>(),
        piece in 1_usize..20,
    ) {
        if sizes {
            // Otherwise nearly every delta is refused for its first byte.
            let mut sound = Vec::new();
            Encoder::size(&mut sound, base.len() as u64);
            sound.append(&mut delta);
            delta = sound;
        }
        let whole = apply(&base, &delta, 1 << 20);
        let pieces = apply_pieces(&base, &delta, piece);
        match (whole, pieces) {
            (Ok(whole), Ok(pieces)) => prop_assert_eq!(whole, pieces),
            (Err(_), Err(_)) => {}
            // Git refuses a delta without an instruction.
            (Err(DeltaError::Truncated { .. }), Ok(pieces)) if delta.len() < 4 => {
                prop_assert!(pieces.is_empty());
            }
            (whole, pieces) => prop_assert!(
                matches!(whole, Err(DeltaError::TooLarge { .. })),
                "{:?} {:?}", whole, pieces
            ),
        }
    }
}

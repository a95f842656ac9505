//! One zlib stream after another, with one decompressor.
//!
//! A decompressor has about 40 KiB of state, so it is made once and reset for each entry.

use flate2::{Decompress, FlushDecompress, Status};

/// Bytes of the buffer that [`Inflater::pieces`] inflates into.
const PIECE_BYTES: usize = 64 << 10;

/// Bytes behind a stream that the caller should pass along if it has them. The decompressor
/// decodes several symbols in a step only while it has fifteen bytes of input. It takes none of
/// them.
pub(crate) const INPUT_TO_SPARE: u64 = 16;

/// A zlib stream is wrong, or does not have the size that its entry announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// Not a zlib stream, or its checksum is wrong.
    #[error("inflate: data stream error")]
    Data,
    /// It ends before its content does.
    #[error("inflate: stream ends after {produced} of {expected} bytes")]
    Truncated {
        /// Bytes produced.
        produced: u64,
        /// Bytes announced.
        expected: u64,
    },
    /// It goes on after the bytes that were announced.
    #[error("inflate: stream has more than the {expected} bytes announced")]
    Excess {
        /// Bytes announced.
        expected: u64,
    },
    /// The stream ended before the bytes that were announced were there.
    #[error("inflate: stream has {produced} bytes, {expected} were announced")]
    Short {
        /// Bytes produced.
        produced: u64,
        /// Bytes announced.
        expected: u64,
    },
    /// The announced content is too large for the memory.
    #[error("inflate: no room for the {expected} bytes announced")]
    TooLarge {
        /// Bytes announced.
        expected: u64,
    },
}

/// The result of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Bytes of the input taken.
    pub consumed: usize,
    /// Bytes of the output written.
    pub(crate) produced: usize,
    /// Whether the stream ended, its checksum verified.
    pub done: bool,
}

/// A decompressor with its buffer, reused for every stream of a pack.
pub struct Inflater {
    state: Decompress,
    piece: Box<[u8]>,
    expected: u64,
    produced: u64,
}

impl Default for Inflater {
    fn default() -> Self {
        Self::new()
    }
}

impl Inflater {
    /// Makes one; about 100 KiB.
    pub fn new() -> Self {
        Self {
            state: Decompress::new(true),
            piece: vec![0; PIECE_BYTES].into_boxed_slice(),
            expected: 0,
            produced: 0,
        }
    }

    /// Begins a stream that was announced to inflate to `expected` bytes.
    pub fn start(&mut self, expected: u64) {
        self.state.reset(true);
        self.expected = expected;
        self.produced = 0;
    }

    /// Inflates the next bytes of the stream into `output`, as far as both reach.
    ///
    /// A step that does nothing wants more input, or more room. The announced size is enforced:
    /// output beyond it is [`InflateError::Excess`].
    pub fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, InflateError> {
        let Self {
            state,
            expected,
            produced,
            ..
        } = self;
        step(state, input, output).and_then(|step| account(step, *expected, produced))
    }

    /// Like [`Inflater::step`], into a buffer of the inflater's own, which is given back filled.
    pub fn next_piece(&mut self, input: &[u8]) -> Result<(Step, &[u8]), InflateError> {
        let Self {
            state,
            piece,
            expected,
            produced,
        } = self;
        let step = account(step(state, input, piece)?, *expected, produced)?;
        Ok((step, piece.get(..step.produced).unwrap_or_default()))
    }

    /// Inflates the stream at the start of `input`, which must have exactly `size` bytes; gives its
    /// content and the bytes of the input that it took.
    pub fn whole(&mut self, input: &[u8], size: usize) -> Result<(Vec<u8>, usize), InflateError> {
        self.start(size as u64);
        let mut content = Vec::new();
        let mut consumed = 0;
        loop {
            let rest = input.get(consumed..).unwrap_or_default();
            let step = self.append_to(&mut content, rest)?;
            consumed += step.consumed;
            if step.done {
                return Ok((content, consumed));
            }
            if step.consumed == 0 && step.produced == 0 {
                let Self {
                    produced, expected, ..
                } = *self;
                return Err(InflateError::Truncated { produced, expected });
            }
        }
    }

    /// Inflates the next bytes of the stream onto the end of `content`, which is given room for
    /// all that the stream still announces, and no more.
    pub(crate) fn append_to(
        &mut self,
        content: &mut Vec<u8>,
        input: &[u8],
    ) -> Result<Step, InflateError> {
        let missing = self.expected - self.produced;
        let room = usize::try_from(missing)
            .ok()
            .filter(|&room| content.try_reserve_exact(room).is_ok())
            .ok_or(InflateError::TooLarge {
                expected: self.expected,
            })?;
        // The decompressor is fastest while it has room to spare, so that the small objects, which
        // are most, go by way of the buffer. So does a stream that should have ended.
        if room < PIECE_BYTES {
            let (step, piece) = self.next_piece(input)?;
            content.extend_from_slice(piece);
            return Ok(step);
        }
        let Self {
            state,
            expected,
            produced,
            ..
        } = self;
        let before = (state.total_in(), content.len());
        let status = state
            .decompress_vec(input, content, FlushDecompress::None)
            .map_err(|_| InflateError::Data)?;
        let step = Step {
            consumed: usize::try_from(state.total_in() - before.0).unwrap_or(input.len()),
            produced: content.len() - before.1,
            done: status == Status::StreamEnd,
        };
        account(step, *expected, produced)
    }
}

/// One call of the decompressor.
fn step(state: &mut Decompress, input: &[u8], output: &mut [u8]) -> Result<Step, InflateError> {
    let before = (state.total_in(), state.total_out());
    let status = state
        .decompress(input, output, FlushDecompress::None)
        .map_err(|_| InflateError::Data)?;
    let step = Step {
        consumed: usize::try_from(state.total_in() - before.0).unwrap_or(input.len()),
        produced: usize::try_from(state.total_out() - before.1).unwrap_or(output.len()),
        done: status == Status::StreamEnd,
    };
    let stuck = step.consumed == 0 && step.produced == 0 && !step.done;
    if stuck && !input.is_empty() && !output.is_empty() {
        return Err(InflateError::Data);
    }
    Ok(step)
}

/// Counts the produced bytes and compares them with the announced size.
fn account(step: Step, expected: u64, produced: &mut u64) -> Result<Step, InflateError> {
    *produced = produced.saturating_add(step.produced as u64);
    if *produced > expected {
        return Err(InflateError::Excess { expected });
    }
    if step.done && *produced < expected {
        return Err(InflateError::Short {
            produced: *produced,
            expected,
        });
    }
    Ok(step)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    fn deflate(content: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn sample(bytes: usize) -> Vec<u8> {
        (0..bytes)
            .map(|n| u8::try_from(n * n / 7 % 251).unwrap())
            .collect()
    }

    #[test]
    fn whole_streams_of_every_size_class_come_back_with_what_follows_left_alone() {
        let mut inflater = Inflater::new();
        for size in [0, 1, 200, 65_535, 65_536, 65_537, 300_000] {
            for level in [0, 1, 6] {
                let content = sample(size);
                let stream = deflate(&content, level);
                let followed = [stream.as_slice(), b"next entry"].concat();
                let (back, consumed) = inflater.whole(&followed, size).unwrap();
                assert_eq!(consumed, stream.len(), "size {size}, level {level}");
                assert!(back == content, "size {size}, level {level}");
                assert!(back.capacity() <= size.max(8));
            }
        }
    }

    #[test]
    fn a_size_that_was_announced_wrongly_is_an_error() {
        let mut inflater = Inflater::new();
        for size in [5_usize, 70_000, 200_000] {
            let stream = deflate(&sample(size), 6);
            let expected = size as u64 - 1;
            assert_eq!(
                inflater.whole(&stream, size - 1),
                Err(InflateError::Excess { expected })
            );
            let (produced, expected) = (size as u64, size as u64 + 1);
            let short = InflateError::Short { produced, expected };
            assert_eq!(inflater.whole(&stream, size + 1), Err(short));
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_size_it_announced() {
        let stream = deflate(&vec![0; 50 << 20], 9);
        let mut inflater = Inflater::new();
        let excess = InflateError::Excess { expected: 10 };
        assert_eq!(inflater.whole(&stream, 10), Err(excess));
        assert!(inflater.produced <= 10 + PIECE_BYTES as u64);
    }

    #[test]
    fn truncated_and_damaged_streams_are_errors() {
        let content = sample(1000);
        let stream = deflate(&content, 6);
        let mut inflater = Inflater::new();
        for cut in 0..stream.len() {
            let result = inflater.whole(&stream[..cut], content.len());
            assert!(
                matches!(result, Err(InflateError::Truncated { .. })),
                "cut at {cut}"
            );
        }
        for at in 0..stream.len() {
            let mut damaged = stream.clone();
            damaged[at] ^= 0x10;
            // Some bits of the two header bytes may change without harm to the content.
            let result = inflater.whole(&damaged, content.len());
            assert!(
                result.is_err() || result.unwrap().0 == content,
                "damaged at {at}"
            );
        }
    }

    proptest! {
        #[test]
        fn steps_of_any_size_give_the_same_content(
            content in proptest::collection::vec(0_u8..8, 0..5000),
            input_bytes in 1_usize..300,
            output_bytes in 1_usize..300,
        ) {
            let stream = deflate(&content, 6);
            let mut inflater = Inflater::new();
            inflater.start(content.len() as u64);
            let (mut back, mut at) = (Vec::new(), 0);
            let mut output = vec![0; output_bytes];
            loop {
                let end = stream.len().min(at + input_bytes);
                let step = inflater.step(&stream[at..end], &mut output).unwrap();
                at += step.consumed;
                back.extend_from_slice(&output[..step.produced]);
                if step.done {
                    break;
                }
            }
            prop_assert_eq!(at, stream.len());
            prop_assert_eq!(back, content);
        }
    }
}

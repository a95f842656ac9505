//! A delta that comes in pieces, so that it need not be held.

use super::cursor::Cursor;
use super::error::DeltaError;

/// Bytes of two sizes and of one instruction at most.
const CARRY_BYTES_MAX: usize = 20;

/// The origin of the next bytes of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run<'a> {
    /// The sizes of base and result, in bytes: comes first, and once.
    Sizes(u64, u64),
    /// Bytes of the delta itself.
    Insert(&'a [u8]),
    /// Bytes of the base: where they start, and how many. They lie within the base.
    Copy(u64, u64),
}

/// Reads instructions as they arrive; checks all that [`super::apply`] checks.
#[derive(Debug, Default)]
pub(crate) struct DeltaReader {
    /// The beginning of the sizes or of an instruction, cut off by the end of a piece.
    carry: Vec<u8>,
    /// Bytes that the instruction being read still inserts.
    inserting: usize,
    sizes: Option<(u64, u64)>,
    made: u64,
    /// Bytes read.
    at: usize,
}

impl DeltaReader {
    /// Takes bytes from the front of `input` up to the end of the next run; `None` when they do not
    /// reach there, and all are taken.
    pub(crate) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Run<'a>>, DeltaError> {
        if self.inserting > 0 {
            if input.is_empty() {
                return Ok(None);
            }
            let length = self.inserting.min(input.len());
            let (run, rest) = input.split_at_checked(length).unwrap_or((input, &[]));
            *input = rest;
            self.at += run.len();
            self.inserting -= run.len();
            return self
                .account(run.len() as u64)
                .map(|()| Some(Run::Insert(run)));
        }
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            self.at += 1;
            self.carry.push(*byte);
            if let Some(run) = self.carried()? {
                self.carry.clear();
                return match run {
                    Carried::Run(run) => Ok(Some(run)),
                    Carried::Insert => self.next(input),
                };
            }
        }
        Ok(None)
    }

    /// Ends the delta: nothing may be cut off, and the result must have the size it was to have.
    pub(crate) fn finish(&self) -> Result<(), DeltaError> {
        let Some((_, expected)) = self.sizes.filter(|_| self.carry.is_empty()) else {
            return Err(DeltaError::Truncated { at: self.at });
        };
        if self.inserting > 0 {
            return Err(DeltaError::Truncated { at: self.at });
        }
        if self.made == expected {
            return Ok(());
        }
        let actual = self.made;
        Err(DeltaError::ResultSize { expected, actual })
    }

    /// The carried bytes, if they are all there.
    fn carried<'a>(&mut self) -> Result<Option<Carried<'a>>, DeltaError> {
        let bytes = self.carry.as_slice();
        let mut cursor = Cursor { bytes, at: 0 };
        let Some((base, _)) = self.sizes else {
            let ends = bytes.iter().filter(|&&byte| byte & 0x80 == 0).count();
            if ends < 2 && bytes.len() < CARRY_BYTES_MAX {
                return Ok(None);
            }
            let sizes = (cursor.size()?, cursor.size()?);
            self.sizes = Some(sizes);
            return Ok(Some(Carried::Run(Run::Sizes(sizes.0, sizes.1))));
        };
        match cursor.byte()? {
            0 => Err(DeltaError::Reserved { at: self.at - 1 }),
            inserted @ 1..=0x7f => {
                self.inserting = usize::from(inserted);
                Ok(Some(Carried::Insert))
            }
            command => {
                if bytes.len() < (command & 0x7f).count_ones() as usize + 1 {
                    return Ok(None);
                }
                let (offset, length) = cursor.copied(command)?;
                let end = (offset as u64).saturating_add(length as u64);
                if end > base {
                    let base = usize::try_from(base).unwrap_or(usize::MAX);
                    return Err(DeltaError::CopyOutOfBase {
                        offset,
                        length,
                        base,
                    });
                }
                self.account(length as u64)?;
                let run = Run::Copy(offset as u64, length as u64);
                Ok(Some(Carried::Run(run)))
            }
        }
    }

    fn account(&mut self, bytes: u64) -> Result<(), DeltaError> {
        self.made = self.made.saturating_add(bytes);
        let expected = self.sizes.map_or(0, |(_, result)| result);
        if self.made > expected {
            let actual = self.made;
            return Err(DeltaError::ResultSize { expected, actual });
        }
        Ok(())
    }
}

enum Carried<'a> {
    Run(Run<'a>),
    Insert,
}

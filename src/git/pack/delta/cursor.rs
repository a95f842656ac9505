//! Reading the sizes and the instructions of a delta.

use super::error::DeltaError;

/// Bytes that a copy of "size 0" copies.
pub(super) const COPY_BYTES_OF_ZERO: usize = 0x1_0000;

/// A place in a delta.
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, DeltaError> {
        let byte = *self
            .bytes
            .get(self.at)
            .ok_or(DeltaError::Truncated { at: self.at })?;
        self.at += 1;
        Ok(byte)
    }

    /// A size: seven bits a byte, the lowest first.
    pub(super) fn size(&mut self) -> Result<u64, DeltaError> {
        let mut size = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits.leading_zeros() < shift {
                return Err(DeltaError::SizeOverflow);
            }
            size |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(size);
            }
        }
        Err(DeltaError::SizeOverflow)
    }

    /// The run of bytes that the next instruction appends: out of the base or out of the delta itself.
    #[inline]
    pub(super) fn instruction<'run>(&mut self, base: &'run [u8]) -> Result<&'run [u8], DeltaError>
    where
        'a: 'run,
    {
        let at = self.at;
        match self.byte()? {
            0 => Err(DeltaError::Reserved { at }),
            inserted @ 1..=0x7f => {
                let end = self.at + usize::from(inserted);
                let truncated = DeltaError::Truncated {
                    at: self.bytes.len(),
                };
                let run = self.bytes.get(self.at..end).ok_or(truncated)?;
                self.at = end;
                Ok(run)
            }
            command => {
                let (offset, length) = self.copied(command)?;
                let out_of_base = DeltaError::CopyOutOfBase {
                    offset,
                    length,
                    base: base.len(),
                };
                let end = offset.checked_add(length).ok_or(out_of_base)?;
                base.get(offset..end).ok_or(out_of_base)
            }
        }
    }

    /// The run of the base that a copy instruction names: where it starts and its bytes.
    #[inline]
    pub(super) fn copied(&mut self, command: u8) -> Result<(usize, usize), DeltaError> {
        let offset = self.operand(command, 4)?;
        let length = match self.operand(command >> 4, 3)? {
            0 => COPY_BYTES_OF_ZERO,
            length => length,
        };
        Ok((offset, length))
    }

    /// A number of up to `width` bytes, lowest first; a clear bit of `present` stands for a byte 0.
    #[inline]
    fn operand(&mut self, present: u8, width: u32) -> Result<usize, DeltaError> {
        let mut value = 0_u32;
        for place in 0..width {
            if present & (1 << place) != 0 {
                value |= u32::from(self.byte()?) << (8 * place);
            }
        }
        Ok(value as usize)
    }
}

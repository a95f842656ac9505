//! Contents of binary files in a patch (`emit_binary_diff` of git's `diff.c`, `encode_85` of its
//! `base85.c`): both of them whole and compressed, so that the patch can be applied and taken back.
//! Git may write one as a delta of the other, if that is shorter; we never do.

use cairn_deflate::Deflater;

/// Bytes of a line of data.
const LINE_BYTES: usize = 52;

const DIGITS: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// Appends the new content, and the old one for the way back.
pub(super) fn write(old: &[u8], new: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"GIT binary patch\n");
    let mut deflater = Deflater::new();
    for content in [new, old] {
        out.extend_from_slice(format!("literal {}\n", content.len()).as_bytes());
        let mut compressed = Vec::new();
        deflater.append(content, &mut compressed);
        for line in compressed.chunks(LINE_BYTES) {
            write_line(line, out);
        }
        out.push(b'\n');
    }
}

/// The number of bytes as a letter, then each four bytes as five digits.
fn write_line(bytes: &[u8], out: &mut Vec<u8>) {
    let count = u8::try_from(bytes.len()).unwrap_or(0);
    out.push(if count <= 26 {
        b'A'.saturating_add(count).saturating_sub(1)
    } else {
        b'a'.saturating_add(count).saturating_sub(27)
    });
    for four in bytes.chunks(4) {
        let byte = |at: usize| four.get(at).copied().unwrap_or(0);
        let mut number = u32::from_be_bytes([byte(0), byte(1), byte(2), byte(3)]);
        let mut digits = [0; 5];
        for digit in digits.iter_mut().rev() {
            let place = usize::try_from(number % 85).unwrap_or(0);
            *digit = DIGITS.get(place).copied().unwrap_or(b'0');
            number /= 85;
        }
        out.extend_from_slice(&digits);
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_git() {
        let mut out = Vec::new();
        write_line(&[0x78, 0x01, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01], &mut out);
        assert_eq!(out, b"HcmV?d00001\n");
    }
}

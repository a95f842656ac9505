//! Writes a block in the form that takes the fewest bits (RFC 1951, section 3.2.3).

use super::bits::BitWriter;
use super::code_lengths::CodeLengths;
use super::huffman::{self, Code};
use super::symbols::{self, DISTANCES, END_OF_BLOCK, LITERALS, Symbol};
use super::tokens::{Token, Tokens};

/// The three forms of a block, as its header numbers them.
const STORED: u32 = 0;
const FIXED_CODES: u32 = 1;
const OWN_CODES: u32 = 2;

/// Bits of the header.
const HEADER_BITS: u32 = 3;

/// Below so many tokens, sending codes of the block's own may cost more bits than they save.
const FIXED_TOKENS_MAX: usize = 512;

/// Bits of the longest code of a symbol.
const CODE_BITS_MAX: usize = 15;

/// Bytes of a stored block: its length has sixteen bits.
const STORED_BYTES_MAX: usize = 0xffff;

/// Appends a block. The tokens stand for the bytes `raw`.
pub(super) fn write(tokens: &Tokens, raw: &[u8], is_last: bool, bits: &mut BitWriter<'_>) {
    let literals = huffman::codes(&tokens.literal_counts, CODE_BITS_MAX);
    let distances = huffman::codes(&tokens.distance_counts, CODE_BITS_MAX);
    let lengths = CodeLengths::new(&literals, &distances);
    let own_bits = lengths.bits() + coded_bits(tokens, &literals, &distances);
    let last = u32::from(is_last);
    if tokens.list.len() < FIXED_TOKENS_MAX {
        let (literals, distances) = (fixed_literals(), fixed_distances());
        let fixed_bits = coded_bits(tokens, &literals, &distances);
        if fixed_bits <= own_bits && u64::from(fixed_bits) <= stored_bits(raw) {
            bits.put(last | FIXED_CODES << 1, HEADER_BITS);
            return write_tokens(&tokens.list, &literals, &distances, bits);
        }
    }
    if stored_bits(raw) < u64::from(own_bits) {
        return write_stored(raw, is_last, bits);
    }
    bits.put(last | OWN_CODES << 1, HEADER_BITS);
    lengths.write(bits);
    write_tokens(&tokens.list, &literals, &distances, bits);
}

/// How many bits the tokens take in these codes: at most some 2^15 times 48 in a block.
fn coded_bits(tokens: &Tokens, literals: &[Code; LITERALS], distances: &[Code; DISTANCES]) -> u32 {
    let sum = |counts: &[u32], codes: &[Code], extra_count: fn(u32) -> u32| {
        let symbols = (0..).zip(counts.iter().zip(codes));
        let bits = symbols
            .map(|(symbol, (count, code))| count * (u32::from(code.length) + extra_count(symbol)));
        bits.sum::<u32>()
    };
    let literal_counts = &tokens.literal_counts;
    sum(literal_counts, literals, symbols::extra_count_of_literal)
        + sum(
            &tokens.distance_counts,
            distances,
            symbols::extra_count_of_distance,
        )
}

fn write_tokens(
    tokens: &[Token],
    literals: &[Code; LITERALS],
    distances: &[Code; DISTANCES],
    bits: &mut BitWriter<'_>,
) {
    for token in tokens {
        match *token {
            Token::Literal(byte) => put(bits, literals, usize::from(byte)),
            Token::Run { over, back } => {
                put_symbol(bits, literals, symbols::of_length(over));
                put_symbol(bits, distances, symbols::of_distance(back));
            }
        }
    }
    put(bits, literals, END_OF_BLOCK);
}

#[inline(always)]
fn put(bits: &mut BitWriter<'_>, codes: &[Code], number: usize) {
    let code = codes.get(number).copied().unwrap_or_default();
    bits.put(code.bits.into(), code.length.into());
}

/// Appends a symbol and the bits that follow it: at most 15 and 13.
#[inline(always)]
fn put_symbol(bits: &mut BitWriter<'_>, codes: &[Code], symbol: Symbol) {
    let code = codes.get(symbol.number as usize).copied();
    let code = code.unwrap_or_default();
    let length = u32::from(code.length);
    bits.put(
        u32::from(code.bits) | symbol.extra << length,
        length + symbol.extra_count,
    );
}

/// How many bits the bytes take as they are. Each block adds its header, the rest of a byte, and
/// the length twice.
fn stored_bits(raw: &[u8]) -> u64 {
    let blocks = 1 + raw.len() / STORED_BYTES_MAX;
    (raw.len() as u64 + 5 * blocks as u64) * 8
}

fn write_stored(raw: &[u8], is_last: bool, bits: &mut BitWriter<'_>) {
    let mut chunks = raw.chunks(STORED_BYTES_MAX).peekable();
    while let Some(chunk) = chunks.next() {
        let last = u32::from(is_last && chunks.peek().is_none());
        bits.put(last | STORED << 1, HEADER_BITS);
        bits.align();
        debug_assert!(chunk.len() <= STORED_BYTES_MAX, "a stored block is cut");
        let length = u16::try_from(chunk.len()).unwrap_or(u16::MAX);
        bits.bytes(&length.to_le_bytes());
        bits.bytes(&(!length).to_le_bytes());
        bits.bytes(chunk);
    }
}

/// The codes that every reader knows (RFC 1951, section 3.2.6).
fn fixed_literals() -> [Code; LITERALS] {
    let mut codes = [Code::default(); LITERALS];
    for (number, code) in (0..).zip(&mut codes) {
        *code = match number {
            0..144 => Code::numbered(0x30 + number, 8),
            144..256 => Code::numbered(0x190 + (number - 144), 9),
            256..280 => Code::numbered(number - 256, 7),
            _ => Code::numbered(0xc0 + (number - 280), 8),
        };
    }
    codes
}

fn fixed_distances() -> [Code; DISTANCES] {
    let mut codes = [Code::default(); DISTANCES];
    for (number, code) in (0..).zip(&mut codes) {
        *code = Code::numbered(number, 5);
    }
    codes
}

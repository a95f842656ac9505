//! Huffman codes of bounded length, numbered in the canonical order (RFC 1951, section 3.2.2).

use super::symbols::LITERALS;

/// Bits of the longest code that the format has.
const BITS_MAX: usize = 15;

/// Room for the lengths that an unbounded code may have. One of n bits takes counts that add up to
/// Fibonacci's number n + 2; those of a block add up to some 2^15, for which n is 21.
const DEPTHS: usize = 32;

/// A code: its bits, the first in the lowest place, and how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Code {
    pub bits: u16,
    pub length: u8,
}

impl Code {
    /// The code with this number among those of its length, which is 1 to 15.
    pub(super) fn numbered(number: u16, length: u8) -> Self {
        Self {
            bits: number.reverse_bits() >> (16 - length),
            length,
        }
    }
}

/// Codes for the symbols that occur, none longer than `length_max` bits.
///
/// At least two symbols get codes, even if fewer occur: a single symbol would need no bits, and not
/// every reader accepts that.
pub(super) fn codes<const N: usize>(counts: &[u32; N], length_max: usize) -> [Code; N] {
    let mut codes = [Code::default(); N];
    let mut order = [0; LITERALS];
    let by_rarity = sorted(counts, &mut order);
    match by_rarity {
        [] => set_lengths(&mut codes, &[0, 1], &[0, 2]),
        [only] => {
            let other = u32::from(symbol(*only) == 0);
            set_lengths(&mut codes, &[*only, other], &[0, 2]);
        }
        _ => {
            let mut of_length = lengths(by_rarity);
            bound(&mut of_length, length_max);
            set_lengths(&mut codes, by_rarity, &of_length);
        }
    }
    number(&mut codes);
    codes
}

/// The symbols that occur, the rarest first; the count stands above the symbol's nine bits.
fn sorted<'a>(counts: &[u32], order: &'a mut [u32; LITERALS]) -> &'a [u32] {
    let mut used = 0;
    for (symbol, &count) in (0..).zip(counts) {
        if let Some(place) = order.get_mut(used).filter(|_| count > 0) {
            *place = count << 9 | symbol;
            used += 1;
        }
    }
    let used = order.get_mut(..used).unwrap_or_default();
    used.sort_unstable();
    used
}

fn symbol(sorted: u32) -> u32 {
    sorted & 0x1ff
}

/// How many symbols have codes of each length: Huffman's algorithm. Each joined node is at least as
/// heavy as the one before, so both rows stay sorted, and the two lightest nodes are always at the
/// front of a row.
fn lengths(by_rarity: &[u32]) -> [u32; DEPTHS] {
    let leaves = by_rarity.len();
    // The leaves, and the nodes that join them: weights of the latter, and where each is joined.
    let mut weights = [0_u32; LITERALS];
    let mut parents = [0_u16; 2 * LITERALS];
    let (mut leaf, mut joined) = (0, 0);
    for next in 0..leaves - 1 {
        let mut weight = 0;
        for _ in 0..2 {
            let of_leaf = by_rarity.get(leaf).map(|sorted| sorted >> 9);
            let of_joined = weights.get(joined).filter(|_| joined < next).copied();
            let is_leaf = of_joined.is_none_or(|joined| of_leaf.is_some_and(|leaf| leaf <= joined));
            let (node, lightest) = if is_leaf {
                leaf += 1;
                (leaf - 1, of_leaf)
            } else {
                joined += 1;
                (leaves + joined - 1, of_joined)
            };
            weight += lightest.unwrap_or(0);
            // Both are below 2 * 286.
            let parent = u16::try_from(leaves + next).unwrap_or(u16::MAX);
            if let Some(place) = parents.get_mut(node) {
                *place = parent;
            }
        }
        if let Some(place) = weights.get_mut(next) {
            *place = weight;
        }
    }
    count_depths(leaves, &parents)
}

/// How many of the leaves, which come first, lie at each depth below the root, which comes last.
fn count_depths(leaves: usize, parents: &[u16; 2 * LITERALS]) -> [u32; DEPTHS] {
    let mut of_depth = [0; DEPTHS];
    let mut depths = [0_u8; 2 * LITERALS];
    for node in (0..2 * leaves - 2).rev() {
        let parent = parents.get(node).copied().unwrap_or(0);
        let depth = depths.get(usize::from(parent)).copied().unwrap_or(0) + 1;
        if let Some(place) = depths.get_mut(node) {
            *place = depth;
        }
        if let Some(count) = of_depth
            .get_mut(usize::from(depth))
            .filter(|_| node < leaves)
        {
            *count += 1;
        }
    }
    of_depth
}

/// Shortens the codes that are too long, and lengthens others until all fit again. There is room
/// for
/// 2^n codes of length n, and a shorter code takes the place of several longer ones.
fn bound(of_length: &mut [u32; DEPTHS], length_max: usize) {
    let Some((bounded, over)) = of_length.split_at_mut_checked(length_max + 1) else {
        return;
    };
    let moved: u32 = over.iter_mut().map(std::mem::take).sum();
    let Some((longest, shorter)) = bounded.split_last_mut().filter(|_| moved > 0) else {
        return;
    };
    *longest += moved;
    // Places of the longest codes that are taken, of 2^length_max.
    let mut taken = *longest;
    for (length, count) in shorter.iter().enumerate() {
        taken += count << (length_max - length);
    }
    while taken > 1 << length_max {
        // One of the longest moves beside the longest of the shorter, which becomes a bit longer.
        let Some(length) = shorter.iter().rposition(|&count| count > 0) else {
            return;
        };
        if let Some(count) = shorter.get_mut(length) {
            *count -= 1;
        }
        match shorter.get_mut(length + 1) {
            Some(count) => {
                *count += 2;
                *longest -= 1;
            }
            None => *longest += 1,
        }
        taken -= 1;
    }
}

/// Gives the rarest symbols the longest codes.
fn set_lengths(codes: &mut [Code], by_rarity: &[u32], of_length: &[u32]) {
    let mut symbols = by_rarity.iter();
    for (length, &count) in of_length.iter().enumerate().rev() {
        let length = u8::try_from(length).unwrap_or(0);
        for sorted in symbols.by_ref().take(count as usize) {
            if let Some(code) = codes.get_mut(symbol(*sorted) as usize) {
                code.length = length;
            }
        }
    }
}

/// Numbers the codes: the shorter before the longer, those of a length by their symbols.
fn number(codes: &mut [Code]) {
    let mut next = [0_u16; BITS_MAX + 2];
    for code in codes.iter().filter(|code| code.length > 0) {
        if let Some(count) = next.get_mut(usize::from(code.length) + 1) {
            *count += 1;
        }
    }
    // Counts, each of the length before, become the first number of each length.
    let mut first = 0;
    for count in &mut next {
        first = (first + *count) << 1;
        *count = first;
    }
    for code in codes.iter_mut().filter(|code| code.length > 0) {
        if let Some(number) = next.get_mut(usize::from(code.length)) {
            *code = Code::numbered(*number, code.length);
            *number = number.wrapping_add(1);
        }
    }
}

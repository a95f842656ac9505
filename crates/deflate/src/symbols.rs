//! The symbols of lengths and distances, and the bits that follow them (RFC 1951, section 3.2.5).

/// Symbols of bytes, the end of a block and lengths.
pub(super) const LITERALS: usize = 286;

/// Symbols of distances.
pub(super) const DISTANCES: usize = 30;

/// The symbol that ends a block.
pub(super) const END_OF_BLOCK: usize = 256;

/// Bytes of the shortest run that has a symbol, and of the longest.
pub(super) const LENGTH_MIN: usize = 3;
pub(super) const LENGTH_MAX: usize = 258;

/// A symbol and the bits behind its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Symbol {
    pub number: u32,
    /// Bits that follow, and their value.
    pub extra_count: u32,
    pub extra: u32,
}

impl Symbol {
    fn alone(number: u32) -> Self {
        Self {
            number,
            extra_count: 0,
            extra: 0,
        }
    }
}

/// The symbol of a run of `LENGTH_MIN + over` bytes.
#[inline(always)]
pub(super) fn of_length(over: u8) -> Symbol {
    let over = u32::from(over);
    match over {
        0..8 => Symbol::alone(257 + over),
        // Four symbols for each power of two: its highest bit, and the two after it.
        8..255 => {
            let highest = over.ilog2();
            let extra_count = highest - 2;
            Symbol {
                number: 257 + 4 * (highest - 1) + (over >> extra_count & 3),
                extra_count,
                extra: over & ((1 << extra_count) - 1),
            }
        }
        _ => Symbol::alone(285),
    }
}

/// The symbol of a distance of `1 + back` bytes, at most 32,768.
#[inline(always)]
pub(super) fn of_distance(back: u16) -> Symbol {
    let back = u32::from(back);
    if back < 4 {
        return Symbol::alone(back);
    }
    // Two symbols for each power of two: its highest bit, and the one after it.
    let highest = back.ilog2();
    let extra_count = highest - 1;
    Symbol {
        number: 2 * highest + (back >> extra_count & 1),
        extra_count,
        extra: back & ((1 << extra_count) - 1),
    }
}

/// Bits that follow the symbol with this number among literals and lengths.
pub(super) fn extra_count_of_literal(number: u32) -> u32 {
    match number {
        265..285 => (number - 261) / 4,
        _ => 0,
    }
}

/// Bits that follow the symbol of a distance.
pub(super) fn extra_count_of_distance(number: u32) -> u32 {
    (number / 2).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_the_symbols_of_the_table_in_the_rfc() {
        let symbol = |length: usize| {
            let symbol = of_length(u8::try_from(length - LENGTH_MIN).unwrap());
            (symbol.number, symbol.extra_count, symbol.extra)
        };
        assert_eq!(symbol(3), (257, 0, 0));
        assert_eq!(symbol(10), (264, 0, 0));
        assert_eq!(symbol(11), (265, 1, 0));
        assert_eq!(symbol(12), (265, 1, 1));
        assert_eq!(symbol(114), (279, 4, 15));
        assert_eq!(symbol(115), (280, 4, 0));
        assert_eq!(symbol(257), (284, 5, 30));
        assert_eq!(symbol(258), (285, 0, 0));
    }

    #[test]
    fn distances_have_the_symbols_of_the_table_in_the_rfc() {
        let symbol = |distance: u32| {
            let symbol = of_distance(u16::try_from(distance - 1).unwrap());
            (symbol.number, symbol.extra_count, symbol.extra)
        };
        assert_eq!(symbol(1), (0, 0, 0));
        assert_eq!(symbol(4), (3, 0, 0));
        assert_eq!(symbol(5), (4, 1, 0));
        assert_eq!(symbol(6), (4, 1, 1));
        assert_eq!(symbol(7), (5, 1, 0));
        assert_eq!(symbol(24_577), (29, 13, 0));
        assert_eq!(symbol(32_768), (29, 13, 8191));
    }

    #[test]
    fn symbols_say_how_many_bits_follow_them() {
        for over in 0..=u8::MAX {
            let symbol = of_length(over);
            assert_eq!(extra_count_of_literal(symbol.number), symbol.extra_count);
        }
        for back in 0..32_768 {
            let symbol = of_distance(back);
            assert_eq!(extra_count_of_distance(symbol.number), symbol.extra_count);
        }
    }
}

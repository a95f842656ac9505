//! The eighty steps of SHA-1 (FIPS 180-4, section 6.1.2) on one block of each of four messages.

#![allow(clippy::inline_always, reason = "each is a few instructions of a step")]
#![allow(clippy::many_single_char_names, reason = "the standard's names")]

use std::hint::black_box;
use std::ops::{BitAnd, BitOr, BitXor};

use super::lanes::{LANES, Lanes};

/// How many steps there are, and words in a schedule.
pub(super) const STEPS: usize = 80;

/// The bytes that are compressed together.
pub(super) type Block = [u8; 64];

/// A chaining value, or the working variables `a` to `e` before a step.
pub(super) type State<W> = [W; 5];

/// The state before the first block.
pub(super) const INITIAL: State<u32> = [
    0x6745_2301,
    0xefcd_ab89,
    0x98ba_dcfe,
    0x1032_5476,
    0xc3d2_e1f0,
];

/// The constant of each twenty steps.
pub(super) const CONSTANTS: [u32; 4] = [0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6];

/// The facts about a compressed block that the detection needs.
pub(super) struct Trace {
    /// The message schedule. It has one word more than there are steps, because the loops make five
    /// words at a time.
    pub(super) schedule: [Lanes; STEPS + 1],
    /// The state before step 58.
    pub(super) at_58: State<Lanes>,
    /// The state before step 65.
    pub(super) at_65: State<Lanes>,
}

impl Trace {
    /// A trace of no block.
    pub(super) fn new() -> Self {
        let zero = Lanes::splat(0);
        Self {
            schedule: [zero; STEPS + 1],
            at_58: [zero; 5],
            at_65: [zero; 5],
        }
    }
}

/// A word of one message, or one word of each message.
pub(super) trait Word:
    Copy + BitAnd<Output = Self> + BitOr<Output = Self> + BitXor<Output = Self>
{
}

impl Word for u32 {}
impl Word for Lanes {}

/// `Ch`, of steps 0 to 19.
#[inline(always)]
pub(super) fn choice<W: Word>(b: W, c: W, d: W) -> W {
    d ^ (b & (c ^ d))
}

/// `Parity`, of steps 20 to 39 and 60 to 79.
#[inline(always)]
pub(super) fn parity<W: Word>(b: W, c: W, d: W) -> W {
    b ^ c ^ d
}

/// `Maj`, of steps 40 to 59.
#[inline(always)]
pub(super) fn majority<W: Word>(b: W, c: W, d: W) -> W {
    (b & c) | (d & (b | c))
}

/// A step. It changes two variables; the next step calls all five by other names.
macro_rules! step {
    ($f:ident, $k:ident, $word:expr; $a:ident $b:ident $c:ident $d:ident $e:ident) => {
        $e = $e + ($f($b, $c, $d) + ($k + $word)) + $a.rotate(5);
        $b = $b.rotate(30);
    };
}

/// The steps of the first five words. After them the variables have their own names again.
macro_rules! five {
    ($f:ident, $k:ident, $words:ident; $a:ident $b:ident $c:ident $d:ident $e:ident) => {
        step!($f, $k, $words[0]; $a $b $c $d $e);
        step!($f, $k, $words[1]; $e $a $b $c $d);
        step!($f, $k, $words[2]; $d $e $a $b $c);
        step!($f, $k, $words[3]; $c $d $e $a $b);
        step!($f, $k, $words[4]; $b $c $d $e $a);
    };
}

/// The five words from a step, and the sixteen after them.
macro_rules! words_from {
    ($schedule:ident, $step:expr) => {{
        let words = $schedule.get_mut($step..);
        let Some(words) = words.and_then(|words| words.first_chunk_mut()) else {
            return;
        };
        words
    }};
}

/// Makes the last five words of these from the others.
#[inline(always)]
fn expand(w: &mut [Lanes; 21]) {
    w[16] = (w[0] ^ w[2] ^ w[8] ^ w[13]).rotate(1);
    w[17] = (w[1] ^ w[3] ^ w[9] ^ w[14]).rotate(1);
    w[18] = (w[2] ^ w[4] ^ w[10] ^ w[15]).rotate(1);
    w[19] = (w[3] ^ w[5] ^ w[11] ^ w[16]).rotate(1);
    w[20] = (w[4] ^ w[6] ^ w[12] ^ w[17]).rotate(1);
}

/// Compresses one block of each message into its chaining value.
///
/// The loops do five steps a turn. All eighty unrolled are twice the code and no faster.
#[inline(never)]
pub(super) fn compress(chaining: &mut State<Lanes>, blocks: [&Block; LANES], trace: &mut Trace) {
    let schedule = &mut trace.schedule;
    for (word, read) in schedule.iter_mut().zip(Lanes::read(blocks)) {
        *word = read;
    }
    // The compiler would write a known constant out at every use, and a constant vector is three
    // instructions. `black_box` hides them.
    let [k0, k1, k2, k3] = CONSTANTS;
    let (k0, k1) = (Lanes::splat(black_box(k0)), Lanes::splat(black_box(k1)));
    let (k2, k3) = (Lanes::splat(black_box(k2)), Lanes::splat(black_box(k3)));
    let [mut a, mut b, mut c, mut d, mut e] = *chaining;
    for step in [0, 5, 10, 15] {
        let words = words_from!(schedule, step);
        five!(choice, k0, words; a b c d e);
        expand(words);
    }
    for step in [20, 25, 30, 35] {
        let words = words_from!(schedule, step);
        five!(parity, k1, words; a b c d e);
        expand(words);
    }
    for step in [40, 45, 50] {
        let words = words_from!(schedule, step);
        five!(majority, k2, words; a b c d e);
        expand(words);
    }
    let words = words_from!(schedule, 55);
    step!(majority, k2, words[0]; a b c d e);
    step!(majority, k2, words[1]; e a b c d);
    step!(majority, k2, words[2]; d e a b c);
    trace.at_58 = [c, d, e, a, b];
    step!(majority, k2, words[3]; c d e a b);
    step!(majority, k2, words[4]; b c d e a);
    expand(words);
    let words = words_from!(schedule, 60);
    five!(parity, k3, words; a b c d e);
    trace.at_65 = [a, b, c, d, e];
    expand(words);
    for words in schedule
        .get(65..STEPS)
        .unwrap_or_default()
        .as_chunks::<5>()
        .0
    {
        five!(parity, k3, words; a b c d e);
    }
    let [h0, h1, h2, h3, h4] = *chaining;
    *chaining = [h0 + a, h1 + b, h2 + c, h3 + d, h4 + e];
}

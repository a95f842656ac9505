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
    /// The message schedule.
    pub(super) schedule: [Lanes; STEPS],
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
            schedule: [zero; STEPS],
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

/// The word of a step. Each of sixteen words gives way to the one of sixteen steps later, so that all
/// are variables that the compiler need not keep in memory.
macro_rules! word {
    ($w:ident, $schedule:ident, $step:expr) => {{
        if $step >= 16 {
            let sum = $w[$step % 16] ^ $w[($step + 2) % 16];
            let sum = sum ^ $w[($step + 8) % 16] ^ $w[($step + 13) % 16];
            $w[$step % 16] = sum.rotate(1);
        }
        $schedule[$step] = $w[$step % 16];
        $w[$step % 16]
    }};
}

/// Five steps. After them the variables have their own names again.
macro_rules! five {
    ($f:ident, $k:ident, $w:ident, $schedule:ident, $at:expr; $a:ident $b:ident $c:ident $d:ident $e:ident) => {
        step!($f, $k, word!($w, $schedule, $at); $a $b $c $d $e);
        step!($f, $k, word!($w, $schedule, $at + 1); $e $a $b $c $d);
        step!($f, $k, word!($w, $schedule, $at + 2); $d $e $a $b $c);
        step!($f, $k, word!($w, $schedule, $at + 3); $c $d $e $a $b);
        step!($f, $k, word!($w, $schedule, $at + 4); $b $c $d $e $a);
    };
}

/// Compresses one block of each message into its chaining value.
///
/// All eighty steps are written out, so that no word is read from memory: a Worker's runtime asks before
/// each access whether it is within the memory.
#[inline(never)]
pub(super) fn compress(chaining: &mut State<Lanes>, blocks: [&Block; LANES], trace: &mut Trace) {
    let schedule = &mut trace.schedule;
    let mut w = Lanes::read(blocks);
    // The compiler would write a known constant out at every use, and a constant vector is three
    // instructions. `black_box` hides them.
    let [k0, k1, k2, k3] = CONSTANTS;
    let (k0, k1) = (Lanes::splat(black_box(k0)), Lanes::splat(black_box(k1)));
    let (k2, k3) = (Lanes::splat(black_box(k2)), Lanes::splat(black_box(k3)));
    let [mut a, mut b, mut c, mut d, mut e] = *chaining;
    five!(choice, k0, w, schedule, 0; a b c d e);
    five!(choice, k0, w, schedule, 5; a b c d e);
    five!(choice, k0, w, schedule, 10; a b c d e);
    five!(choice, k0, w, schedule, 15; a b c d e);
    five!(parity, k1, w, schedule, 20; a b c d e);
    five!(parity, k1, w, schedule, 25; a b c d e);
    five!(parity, k1, w, schedule, 30; a b c d e);
    five!(parity, k1, w, schedule, 35; a b c d e);
    five!(majority, k2, w, schedule, 40; a b c d e);
    five!(majority, k2, w, schedule, 45; a b c d e);
    five!(majority, k2, w, schedule, 50; a b c d e);
    step!(majority, k2, word!(w, schedule, 55); a b c d e);
    step!(majority, k2, word!(w, schedule, 56); e a b c d);
    step!(majority, k2, word!(w, schedule, 57); d e a b c);
    trace.at_58 = [c, d, e, a, b];
    step!(majority, k2, word!(w, schedule, 58); c d e a b);
    step!(majority, k2, word!(w, schedule, 59); b c d e a);
    five!(parity, k3, w, schedule, 60; a b c d e);
    trace.at_65 = [a, b, c, d, e];
    five!(parity, k3, w, schedule, 65; a b c d e);
    five!(parity, k3, w, schedule, 70; a b c d e);
    five!(parity, k3, w, schedule, 75; a b c d e);
    let [h0, h1, h2, h3, h4] = *chaining;
    *chaining = [h0 + a, h1 + b, h2 + c, h3 + d, h4 + e];
}

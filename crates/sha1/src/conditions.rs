//! The unavoidable bit conditions: every block that follows a disturbance vector meets them.
//!
//! Each condition of a vector says that two bits of the schedule are equal, or that they differ. A block that
//! breaks one condition of every vector is not part of a known attack: 19 of 20 blocks
//! do.
//!
//! The conditions (tables 4 and 5 of the paper that [`super::disturbance`] names) compare few of
//! the 32 bits of a word, in steps 35 to 64. Within a family, the conditions of the next K are the
//! same ones a step later. So this code turns the schedule first: the bits that all steps have at
//! one place become one word. One operation then compares the bits of all steps, and one more
//! applies the result to all vectors of a family. Some conditions follow from others. The code
//! checks a small set from which all follow; a test compares it with the published ones.

#![allow(clippy::inline_always, reason = "shifts are by constants")]
#![allow(clippy::many_single_char_names, reason = "rows of a matrix")]
#![allow(
    clippy::similar_names,
    reason = "bits have numbers, vectors a type and a b"
)]

use std::hint::black_box;

use super::compression::STEPS;
use super::disturbance::{ALL, FAMILIES};
use super::lanes::Lanes;

/// The step to which bit 0 of a turned word belongs. Bit 31 is of step 66.
const FIRST_STEP: u32 = 35;

/// Rules out the vectors of a family whose condition is broken. `$step` is the step of the
/// condition for the family's first vector.
macro_rules! rule_out {
    ($family:ident, $broken:ident, $($step:literal),+) => {
        $($family = $family | from_step($broken, $step);)+
    };
}

/// The vectors of each family that a block may follow, in each lane; `None` if no lane has any.
#[inline(never)]
pub(super) fn vectors(schedule: &[Lanes; STEPS]) -> Option<[Lanes; FAMILIES]> {
    let [bit_0, bit_1, bit_2, bit_3, bit_4, bit_5, bit_6, bit_7] = lowest_bits(schedule);
    let [bit_28, bit_29, bit_30, _] = highest_bits(schedule);
    // The vectors that are ruled out: I with b = 0 and 2, and II.
    let [mut one_0, mut one_2, mut two_0, mut two_2] = [Lanes::splat(0); FAMILIES];

    let broken = agree(bit_0, bit_5, 1, 36, 63);
    rule_out!(one_0, broken, 58);
    rule_out!(two_0, broken, 60);
    rule_out!(two_2, broken, 33);
    let broken = agree(bit_1, bit_6, 1, 35, 63);
    rule_out!(one_0, broken, 61);
    rule_out!(one_2, broken, 32, 35, 39);
    rule_out!(two_0, broken, 63);
    rule_out!(two_2, broken, 36, 41, 47);
    let broken = agree(bit_2, bit_7, 1, 61, 63);
    rule_out!(one_2, broken, 61);
    rule_out!(two_2, broken, 61);
    let broken = differ(bit_3, bit_28, 4, 35, 44);
    rule_out!(two_0, broken, 33);
    let broken = differ(bit_3, bit_28, 4, 35, 35);
    rule_out!(one_0, broken, 27);
    let broken = agree(bit_4, bit_4, 1, 36, 38);
    rule_out!(one_0, broken, 29);
    let broken = agree(bit_4, bit_4, 2, 36, 55);
    rule_out!(one_0, broken, 37, 39, 41);
    rule_out!(two_0, broken, 27, 29, 47);
    let broken = differ(bit_4, bit_29, 2, 38, 57);
    rule_out!(one_0, broken, 33, 37);
    rule_out!(two_0, broken, 27, 36, 41, 47);
    let broken = differ(bit_4, bit_29, 3, 37, 56);
    rule_out!(one_0, broken, 33, 37, 39, 41, 43);
    rule_out!(two_0, broken, 27, 29, 36, 41, 47, 49);
    let broken = differ(bit_4, bit_29, 4, 35, 60);
    rule_out!(one_0, broken, 30, 33, 43);
    rule_out!(two_0, broken, 33, 36, 41, 49);
    let broken = differ(bit_5, bit_30, 4, 35, 60);
    rule_out!(one_0, broken, 59);
    rule_out!(one_2, broken, 30);
    rule_out!(two_2, broken, 34);
    let broken = differ(bit_6, bit_1, 1, 39, 51);
    rule_out!(one_2, broken, 36, 46);
    rule_out!(two_2, broken, 37, 42);
    let broken = differ(bit_6, bit_1, 3, 44, 53);
    rule_out!(one_2, broken, 44);
    rule_out!(two_2, broken, 48);
    let broken = agree(bit_6, bit_6, 1, 37, 37);
    rule_out!(one_2, broken, 32);
    let broken = differ(bit_6, bit_6, 2, 40, 53);
    rule_out!(one_2, broken, 40, 42);
    rule_out!(two_2, broken, 48);
    let broken = agree(bit_30, bit_3, 1, 35, 39);
    rule_out!(two_0, broken, 32);

    let [first, second, third, fourth] = &ALL;
    let left = [
        Lanes::splat(first.vectors) & !one_0,
        Lanes::splat(second.vectors) & !one_2,
        Lanes::splat(third.vectors) & !two_0,
        Lanes::splat(fourth.vectors) & !two_2,
    ];
    let [first, second, third, fourth] = left;
    (first | second | third | fourth).any().then_some(left)
}

/// The bit of a step, and those of the steps after it, from bit 0 on.
#[inline(always)]
fn from_step(word: Lanes, step: u32) -> Lanes {
    word.up(FIRST_STEP.saturating_sub(step))
        .down(step.saturating_sub(FIRST_STEP))
}

/// The steps of these where one bit differs from another so many steps later.
#[inline(always)]
fn differ(one: Lanes, other: Lanes, later: u32, first: u32, last: u32) -> Lanes {
    (one ^ other.down(later)) & steps(first, last)
}

/// The steps of these where one bit is the same as another so many steps later.
#[inline(always)]
fn agree(one: Lanes, other: Lanes, later: u32, first: u32, last: u32) -> Lanes {
    !(one ^ other.down(later)) & steps(first, last)
}

/// A bit for each step from the first to the last.
#[inline(always)]
fn steps(first: u32, last: u32) -> Lanes {
    let all = u32::MAX >> (u32::BITS - 1 - (last - first));
    // `black_box` has the mask read from memory: a constant vector is three instructions.
    Lanes::splat(black_box(all << (first - FIRST_STEP)))
}

/// The bits 0 to 7 of the steps.
#[inline(never)]
fn lowest_bits(w: &[Lanes; STEPS]) -> [Lanes; 8] {
    let byte = Lanes::splat(0xff);
    macro_rules! row {
        ($at:literal) => {
            (w[35 + $at] & byte)
                | (w[43 + $at] & byte).up(8)
                | (w[51 + $at] & byte).up(16)
                | w[59 + $at].up(24)
        };
    }
    let [a, b, c, d] = [row!(0), row!(1), row!(2), row!(3)];
    let [e, f, g, h] = [row!(4), row!(5), row!(6), row!(7)];
    let fours = Lanes::splat(0x0f0f_0f0f);
    let [(a, e), (b, f)] = [exchanged(a, e, 4, fours), exchanged(b, f, 4, fours)];
    let [(c, g), (d, h)] = [exchanged(c, g, 4, fours), exchanged(d, h, 4, fours)];
    let [a, b, c, d] = fours_turned([a, b, c, d]);
    let [e, f, g, h] = fours_turned([e, f, g, h]);
    [a, b, c, d, e, f, g, h]
}

/// The bits 28 to 31 of the steps.
#[inline(never)]
fn highest_bits(w: &[Lanes; STEPS]) -> [Lanes; 4] {
    let four = Lanes::splat(0xf000_0000);
    macro_rules! row {
        ($at:literal) => {
            w[35 + $at].down(28)
                | (w[39 + $at] & four).down(24)
                | (w[43 + $at] & four).down(20)
                | (w[47 + $at] & four).down(16)
                | (w[51 + $at] & four).down(12)
                | (w[55 + $at] & four).down(8)
                | (w[59 + $at] & four).down(4)
                | (w[63 + $at] & four)
        };
    }
    fours_turned([row!(0), row!(1), row!(2), row!(3)])
}

/// Turns each four bits of four words: the first four become the lowest of each, in order.
#[inline(always)]
fn fours_turned([a, b, c, d]: [Lanes; 4]) -> [Lanes; 4] {
    let twos = Lanes::splat(0x3333_3333);
    let [(a, c), (b, d)] = [exchanged(a, c, 2, twos), exchanged(b, d, 2, twos)];
    let ones = Lanes::splat(0x5555_5555);
    let [(a, b), (c, d)] = [exchanged(a, b, 1, ones), exchanged(c, d, 1, ones)];
    [a, b, c, d]
}

/// With the bits above `mask` of one word, and those of `mask` in the other, exchanged.
#[inline(always)]
fn exchanged(one: Lanes, other: Lanes, bits: u32, mask: Lanes) -> (Lanes, Lanes) {
    let difference = (one.down(bits) ^ other) & mask;
    (one ^ difference.up(bits), other ^ difference)
}

#[cfg(test)]
mod tests {
    use super::super::lanes::LANES;
    use super::super::published::{self, Vector, noise};
    use super::*;

    type Schedule = [u32; STEPS];

    /// For each lane, by family.
    fn found(schedules: &[Schedule; LANES]) -> [[u32; LANES]; FAMILIES] {
        let words = std::array::from_fn(|step| {
            let lanes = schedules.iter().enumerate();
            lanes.fold(Lanes::splat(0), |words, (lane, schedule)| {
                words.with(lane, schedule[step])
            })
        });
        let left = vectors(&words);
        left.map_or([[0; LANES]; FAMILIES], |left| left.map(Lanes::to_array))
    }

    /// The same, by the published conditions.
    fn expected(published: &[Vector], schedules: &[Schedule; LANES]) -> [[u32; LANES]; FAMILIES] {
        let mut expected = [[0; LANES]; FAMILIES];
        for vector in published {
            for (lane, schedule) in schedules.iter().enumerate() {
                let is_possible = vector.is_possible(schedule);
                expected[vector.family][lane] |= u32::from(is_possible) << vector.bit;
            }
        }
        expected
    }

    #[test]
    fn the_families_are_the_published_vectors() {
        let mut families = [0; FAMILIES];
        for vector in published::vectors() {
            families[vector.family] |= 1 << vector.bit;
            assert_eq!(vector.k, ALL[vector.family].first_k + vector.bit);
        }
        assert_eq!(families, ALL.each_ref().map(|family| family.vectors));
    }

    #[test]
    fn random_blocks_follow_the_vectors_that_the_published_conditions_leave() {
        let (published, mut noise) = (published::vectors(), noise(1));
        let mut flagged = 0;
        for _ in 0..2_000 {
            let schedules = [(); LANES].map(|()| [(); STEPS].map(|()| noise()));
            let found = found(&schedules);
            assert_eq!(found, expected(&published, &schedules));
            flagged += (0..LANES)
                .filter(|lane| found.iter().any(|family| family[*lane] != 0))
                .count();
        }
        assert!((300..500).contains(&flagged), "of 8,000: {flagged}");
    }

    #[test]
    fn a_block_that_follows_a_vector_is_found_and_each_of_its_bits_is_compared_as_published() {
        let (published, mut noise) = (published::vectors(), noise(2));
        for vector in &published {
            let mut schedule = [(); STEPS].map(|()| noise());
            vector.impose(&mut schedule);
            for lane in found(&[schedule; LANES])[vector.family] {
                assert_eq!(lane >> vector.bit & 1, 1, "K = {}", vector.k);
            }
            for step in 33..68 {
                for bit in (0..u32::BITS).step_by(LANES) {
                    let mut schedules = [schedule; LANES];
                    for (bit, schedule) in (bit..).zip(&mut schedules) {
                        schedule[step] ^= 1 << bit;
                    }
                    assert_eq!(found(&schedules), expected(&published, &schedules));
                }
            }
        }
    }
}

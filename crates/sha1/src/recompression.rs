//! Decides whether a block that may follow a disturbance vector belongs to a collision.
//!
//! The vector says how the schedule of the collision's other message would differ, and before which
//! step both messages would be in the same state. From that state the other message's chaining
//! values before and after the block are computed. If both messages end with the same one, it is a
//! collision.

#![allow(clippy::inline_always, reason = "each is a few instructions of a step")]
#![allow(clippy::many_single_char_names, reason = "the standard's names")]

use super::compression::{CONSTANTS, STEPS, State, Trace, choice, majority, parity};
use super::disturbance::{ALL, FAMILIES, FIRST_K_AT_65, Family};
use super::lanes::Lanes;

/// Words of a schedule, five steps together.
type Schedule = [[u32; 5]; STEPS / 5];

/// Whether a lane's block belongs to a collision that follows one of these vectors. `chaining` is
/// the value after the block.
#[inline(never)]
pub(super) fn is_attack(
    lane: usize,
    vectors: &[Lanes; FAMILIES],
    trace: &Trace,
    chaining: &State<Lanes>,
) -> bool {
    let of_lane = |words: Lanes| words.to_array().get(lane).copied().unwrap_or_default();
    let mut schedule = [[0; 5]; STEPS / 5];
    for (family, vectors) in ALL.iter().zip(vectors) {
        let mut left = of_lane(*vectors);
        while left != 0 {
            let k = family.first_k + left.trailing_zeros();
            left &= left - 1;
            match lane {
                0 => other_schedule::<0>(family, k, trace, &mut schedule),
                1 => other_schedule::<1>(family, k, trace, &mut schedule),
                2 => other_schedule::<2>(family, k, trace, &mut schedule),
                _ => other_schedule::<3>(family, k, trace, &mut schedule),
            }
            let end = if k < FIRST_K_AT_65 {
                recompressed_from_58(&schedule, trace.at_58.map(of_lane))
            } else {
                recompressed_from_65(&schedule, trace.at_65.map(of_lane))
            };
            if end == chaining.map(of_lane) {
                return true;
            }
        }
    }
    false
}

/// The schedule of the other message's block.
#[inline(never)]
fn other_schedule<const LANE: usize>(
    family: &Family,
    k: u32,
    trace: &Trace,
    schedule: &mut Schedule,
) {
    let later = usize::try_from(family.last_k - k).unwrap_or_default();
    let differences = family.differences.get(later..).unwrap_or_default();
    let (differences, _) = differences.as_chunks::<5>();
    let (words, _) = trace.schedule.as_chunks::<5>();
    for ((to, words), differences) in schedule.iter_mut().zip(words).zip(differences) {
        let [v, w, x, y, z] = words;
        let [dv, dw, dx, dy, dz] = differences;
        *to = [
            v.lane::<LANE>() ^ dv.rotate_left(family.b),
            w.lane::<LANE>() ^ dw.rotate_left(family.b),
            x.lane::<LANE>() ^ dx.rotate_left(family.b),
            y.lane::<LANE>() ^ dy.rotate_left(family.b),
            z.lane::<LANE>() ^ dz.rotate_left(family.b),
        ];
    }
}

/// The chaining value after a block, from the state before step 58.
fn recompressed_from_58(schedule: &Schedule, state: State<u32>) -> State<u32> {
    let [_, _, k2, k3] = CONSTANTS;
    let [.., from_55, from_60, _, _, _] = schedule;
    let [v, w, x, y, z] = *from_55;
    let before_60 = step(step(state, y, majority, k2), z, majority, k2);
    let before_65 = five_steps(before_60, from_60, parity, k3);
    let before_57 = step_back(state, x, majority, k2);
    let before_56 = step_back(before_57, w, majority, k2);
    let before_55 = step_back(before_56, v, majority, k2);
    recompressed(schedule, before_55, before_65)
}

/// The chaining value after a block, from the state before step 65.
fn recompressed_from_65(schedule: &Schedule, state: State<u32>) -> State<u32> {
    let [_, _, k2, k3] = CONSTANTS;
    let [.., from_55, from_60, _, _, _] = schedule;
    let before_60 = five_back(state, from_60, parity, k3);
    let before_55 = five_back(before_60, from_55, majority, k2);
    recompressed(schedule, before_55, state)
}

/// The chaining value after a block, from the states before these steps: back to the first, on to
/// the last.
#[inline(never)]
fn recompressed(schedule: &Schedule, before_55: State<u32>, before_65: State<u32>) -> State<u32> {
    let [k0, k1, k2, k3] = CONSTANTS;
    let [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, _, _, rest @ ..] = schedule;
    let on = |state, words: &_| five_steps(state, words, parity, k3);
    let [a, b, c, d, e] = rest.iter().fold(before_65, on);
    let back = |state, words: &&_| five_back(state, words, majority, k2);
    let state = [f10, f9, f8].iter().fold(before_55, back);
    let back = |state, words: &&_| five_back(state, words, parity, k1);
    let state = [f7, f6, f5, f4].iter().fold(state, back);
    let back = |state, words: &&_| five_back(state, words, choice, k0);
    let [h0, h1, h2, h3, h4] = [f3, f2, f1, f0].iter().fold(state, back);
    [
        h0.wrapping_add(a),
        h1.wrapping_add(b),
        h2.wrapping_add(c),
        h3.wrapping_add(d),
        h4.wrapping_add(e),
    ]
}

/// The state after a step.
#[inline(always)]
fn step(
    [a, b, c, d, e]: State<u32>,
    word: u32,
    f: impl Fn(u32, u32, u32) -> u32,
    k: u32,
) -> State<u32> {
    let sum = f(b, c, d).wrapping_add(k).wrapping_add(word);
    let sum = sum.wrapping_add(e).wrapping_add(a.rotate_left(5));
    [sum, a, b.rotate_left(30), c, d]
}

/// The state before a step.
#[inline(always)]
fn step_back(
    [sum, a, b, c, d]: State<u32>,
    word: u32,
    f: impl Fn(u32, u32, u32) -> u32,
    k: u32,
) -> State<u32> {
    let b = b.rotate_right(30);
    let e = sum.wrapping_sub(word.wrapping_add(k));
    let e = e.wrapping_sub(a.rotate_left(5)).wrapping_sub(f(b, c, d));
    [a, b, c, d, e]
}

#[inline(always)]
fn five_steps(
    state: State<u32>,
    &[v, w, x, y, z]: &[u32; 5],
    f: impl Fn(u32, u32, u32) -> u32 + Copy,
    k: u32,
) -> State<u32> {
    let state = step(step(state, v, f, k), w, f, k);
    let state = step(step(state, x, f, k), y, f, k);
    step(state, z, f, k)
}

#[inline(always)]
fn five_back(
    state: State<u32>,
    &[v, w, x, y, z]: &[u32; 5],
    f: impl Fn(u32, u32, u32) -> u32 + Copy,
    k: u32,
) -> State<u32> {
    let state = step_back(step_back(state, z, f, k), y, f, k);
    let state = step_back(step_back(state, x, f, k), w, f, k);
    step_back(state, v, f, k)
}

#[cfg(test)]
mod tests {
    use super::super::compression::{INITIAL, compress};
    use super::super::lanes::LANES;
    use super::super::published::{self, noise};
    use super::*;

    /// The states before each step, and after the last, as the standard has it.
    fn states(from: State<u32>, words: &[u32; STEPS]) -> Vec<State<u32>> {
        let mut states = vec![from];
        for (number, word) in words.iter().enumerate() {
            let [a, b, c, d, e] = states[number];
            let f = match number / 20 {
                0 => (b & c) | (!b & d),
                2 => (b & c) ^ (b & d) ^ (c & d),
                _ => b ^ c ^ d,
            };
            let sum = [f, e, CONSTANTS[number / 20], *word].into_iter();
            let sum = sum.fold(a.rotate_left(5), u32::wrapping_add);
            states.push([sum, a, b.rotate_left(30), c, d]);
        }
        states
    }

    fn differences(family: &Family, k: u32) -> [u32; STEPS] {
        let later = (family.last_k - k) as usize;
        std::array::from_fn(|step| family.differences[later + step].rotate_left(family.b))
    }

    #[test]
    fn schedules_differ_as_published() {
        for vector in published::vectors() {
            let words = differences(&ALL[vector.family], vector.k);
            let bytes = words.iter().flat_map(|word| word.to_le_bytes());
            let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
            assert_eq!(hash, vector.differences_hash, "K = {}", vector.k);
        }
    }

    /// For each vector and lane: the other message is made up, so that its end is known.
    #[test]
    fn a_block_is_an_attack_if_the_other_message_ends_the_same() {
        let mut noise = noise(3);
        for vector in published::vectors() {
            let family = &ALL[vector.family];
            let from = [(); 5].map(|()| noise());
            let other = [(); STEPS].map(|()| noise());
            let states = states(from, &other);
            let end: State<u32> =
                std::array::from_fn(|word| from[word].wrapping_add(states[STEPS][word]));
            let differences = differences(family, vector.k);
            for lane in 0..LANES {
                let words = |word: u32| Lanes::splat(0x5555_5555).with(lane, word);
                let mut trace = Trace::new();
                for (step, to) in trace.schedule.iter_mut().take(STEPS).enumerate() {
                    *to = words(other[step] ^ differences[step]);
                }
                // Only one of them is the one that counts.
                match vector.same_before_step {
                    58 => trace.at_58 = states[58].map(words),
                    65 => trace.at_65 = states[65].map(words),
                    step => panic!("no state before step {step} is kept"),
                }
                let mut vectors = [Lanes::splat(0); FAMILIES];
                vectors[vector.family] = Lanes::splat(0).with(lane, 1 << vector.bit);
                let mut chaining = end.map(words);
                for other in 0..LANES {
                    let is_attack = is_attack(other, &vectors, &trace, &chaining);
                    assert_eq!(is_attack, other == lane, "K = {}", vector.k);
                }
                chaining[4] = chaining[4].with(lane, end[4] ^ 1);
                assert!(!is_attack(lane, &vectors, &trace, &chaining));
            }
        }
    }

    #[test]
    fn no_vector_makes_random_blocks_an_attack_and_they_are_compressed_by_the_standard() {
        let mut noise = noise(4);
        let mut chaining = INITIAL.map(Lanes::splat);
        let mut trace = Trace::new();
        let every = ALL.each_ref().map(|family| Lanes::splat(family.vectors));
        for _ in 0..50 {
            let blocks = [(); LANES].map(|()| [(); 64].map(|()| noise().to_le_bytes()[0]));
            let before = chaining.map(Lanes::to_array);
            compress(&mut chaining, blocks.each_ref(), &mut trace);
            for lane in 0..LANES {
                let from = before.map(|word| word[lane]);
                let words = std::array::from_fn(|step| trace.schedule[step].to_array()[lane]);
                let states = states(from, &words);
                assert_eq!(states[58], trace.at_58.map(|word| word.to_array()[lane]));
                assert_eq!(states[65], trace.at_65.map(|word| word.to_array()[lane]));
                let end = chaining.map(|word| word.to_array()[lane]);
                for (word, end) in end.iter().enumerate() {
                    assert_eq!(*end, from[word].wrapping_add(states[STEPS][word]));
                }
                assert!(!is_attack(lane, &every, &trace, &chaining));
            }
        }
    }
}

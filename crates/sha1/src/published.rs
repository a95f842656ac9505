//! The disturbance vectors as they were published, for the tests to compare ours with. They come
//! from
//! `sha1collisiondetection`, Copyright 2017 Marc Stevens and Dan Shumow, MIT.
//!
//! A line is a vector: its type, K and b, the step that both messages are in the same state before,
//! the hash (FNV-1a, of little-endian bytes) of how their schedules differ, and groups of bits,
//! `step.bit`. A block that follows the vector has all bits of a group equal, those with `!`
//! inverted.

use super::compression::STEPS;

/// A vector.
pub struct Vector {
    /// Its place in `disturbance::ALL`, and its bit in the family.
    pub family: usize,
    pub bit: u32,
    pub k: u32,
    pub same_before_step: u32,
    pub differences_hash: u64,
    pub groups: Vec<Vec<Bit>>,
}

/// A bit of a schedule.
pub struct Bit {
    pub step: usize,
    pub place: u32,
    pub is_inverted: bool,
}

impl Vector {
    /// Whether a block may follow the vector.
    pub fn is_possible(&self, schedule: &[u32; STEPS]) -> bool {
        let is_even = |group: &Vec<Bit>| {
            let mut bits = group.iter().map(|bit| bit.of(schedule));
            let first = bits.next().unwrap();
            bits.all(|bit| bit == first)
        };
        self.groups.iter().all(is_even)
    }

    /// Changes a schedule to one that follows the vector.
    pub fn impose(&self, schedule: &mut [u32; STEPS]) {
        for group in &self.groups {
            for bit in group {
                if bit.of(schedule) {
                    schedule[bit.step] ^= 1 << bit.place;
                }
            }
        }
    }
}

impl Bit {
    fn of(&self, schedule: &[u32; STEPS]) -> bool {
        (schedule[self.step] >> self.place & 1 == 1) != self.is_inverted
    }
}

/// All 32.
pub fn vectors() -> Vec<Vector> {
    include_str!("published.txt").lines().map(vector).collect()
}

fn vector(line: &str) -> Vector {
    let (head, groups) = line.split_once(": ").unwrap();
    let [kind, k, b, step, hash] = head.split(' ').collect::<Vec<_>>()[..] else {
        panic!("not a vector: {head}");
    };
    let (family, first_k) = match (kind, b) {
        ("I", "0") => (0, 43),
        ("I", "2") => (1, 46),
        ("II", "0") => (2, 45),
        ("II", "2") => (3, 46),
        _ => panic!("not a family: {head}"),
    };
    let k = k.parse::<u32>().unwrap();
    Vector {
        family,
        bit: k - first_k,
        k,
        same_before_step: step.parse().unwrap(),
        differences_hash: u64::from_str_radix(hash, 16).unwrap(),
        groups: groups
            .split(" | ")
            .map(|group| group.split(' ').map(bit).collect())
            .collect(),
    }
}

fn bit(text: &str) -> Bit {
    let (step, place) = text.trim_start_matches('!').split_once('.').unwrap();
    Bit {
        step: step.parse().unwrap(),
        place: place.parse().unwrap(),
        is_inverted: text.starts_with('!'),
    }
}

/// Words without a pattern, the same ones for the same seed.
pub fn noise(mut seed: u64) -> impl FnMut() -> u32 {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005);
        seed = seed.wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(seed >> 32).unwrap()
    }
}

//! The disturbance vectors that known attacks on SHA-1 follow: 32, in four families.
//!
//! The facts about them, here and in the other modules, come from Marc Stevens and Dan Shumow,
//! "Speeding up detection of SHA-1 collision attacks using unavoidable attack conditions" (USENIX
//! Security 2017), and from the two implementations that check the same 32: their own
//! `sha1collisiondetection` (MIT) and `sha1dc` (MIT or Apache-2.0).

/// Vectors of one type and one b, the bit of the disturbance. They differ in K, its step.
pub(super) struct Family {
    /// The K of bit 0 in a set of vectors.
    pub(super) first_k: u32,
    /// The family as a set: a bit for each K.
    pub(super) vectors: u32,
    pub(super) b: u32,
    /// How the schedules of a collision's two messages differ, for b = 0 and K = `last_k`. A lower
    /// K has the same differences at later steps.
    pub(super) differences: &'static [u32; DIFFERENCES],
    pub(super) last_k: u32,
}

/// How many families there are.
pub(super) const FAMILIES: usize = 4;

/// I(43..=52, 0), I(46..=51, 2), II(45..=56, 0) and II(46 and 49..=51, 2).
pub(super) static ALL: [Family; FAMILIES] = [
    Family {
        first_k: 43,
        vectors: 0b11_1111_1111,
        b: 0,
        differences: &TYPE_1,
        last_k: 52,
    },
    Family {
        first_k: 46,
        vectors: 0b11_1111,
        b: 2,
        differences: &TYPE_1,
        last_k: 52,
    },
    Family {
        first_k: 45,
        vectors: 0b1111_1111_1111,
        b: 0,
        differences: &TYPE_2,
        last_k: 56,
    },
    Family {
        first_k: 46,
        vectors: 0b11_1001,
        b: 2,
        differences: &TYPE_2,
        last_k: 56,
    },
];

/// From this K on the two messages are in the same state before step 65; for a lower K they are
/// before step 58.
pub(super) const FIRST_K_AT_65: u32 = 50;

/// Enough for eighty steps from any vector's first.
const DIFFERENCES: usize = 96;

static TYPE_1: [u32; DIFFERENCES] = expanded([
    0x0400_0010,
    0xe800_0000,
    0x0800_000c,
    0x1800_0000,
    0xb800_000a,
    0xc800_0010,
    0x2c00_0010,
    0xf400_0014,
    0xb400_0008,
    0x0800_0000,
    0x9800_000c,
    0xd800_0010,
    0x0800_0010,
    0xb800_0010,
    0x9800_0000,
    0x6000_0000,
]);

static TYPE_2: [u32; DIFFERENCES] = expanded([
    0x2600_001a,
    0x0000_0010,
    0x0400_001c,
    0xcc00_0014,
    0x0c00_0002,
    0xc000_0010,
    0xb400_001c,
    0x3c00_0004,
    0xbc00_001a,
    0x2000_0010,
    0x2400_001c,
    0xec00_0014,
    0x0c00_0002,
    0xc000_0010,
    0xb400_001c,
    0x2c00_0004,
]);

/// Differences follow the rule of the schedule itself.
#[allow(clippy::indexing_slicing, reason = "done by the compiler")]
const fn expanded(first: [u32; 16]) -> [u32; DIFFERENCES] {
    let mut all = [0; DIFFERENCES];
    let mut step = 0;
    while step < DIFFERENCES {
        all[step] = if step < first.len() {
            first[step]
        } else {
            (all[step - 3] ^ all[step - 8] ^ all[step - 14] ^ all[step - 16]).rotate_left(1)
        };
        step += 1;
    }
    all
}

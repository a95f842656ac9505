//! The digests of many messages, four of them at once.

use super::compression::{Block, INITIAL, State, Trace, compress};
use super::lanes::{LANES, Lanes};
use super::message::{Blocks, Message};
use super::{CollisionDetected, Digest, conditions, digest, recompression};

/// From so many messages on, lanes hash them sooner than one by one, whatever their sizes.
const LANES_WORTH: usize = 8;

/// Appends the digests of these messages to `digests`, in order. Each equals the result of [`digest`] for the
/// message, an error included.
///
/// As wasm, four messages are hashed at once. The more there are, the better they fill the lanes:
/// 16 gain, four small ones lose the cost of a call. A native processor has instructions for SHA-1,
/// and hashes one message after the other sooner.
pub fn digests<M: Message, D: From<Digest> + Clone>(
    messages: &[M],
    digests: &mut Vec<Result<D, CollisionDetected>>,
) {
    if cfg!(target_feature = "simd128") && messages.len() >= LANES_WORTH {
        digests_in_lanes(messages, digests);
    } else {
        digests.extend(messages.iter().map(|message| digest(*message).map(D::from)));
    }
}

fn digests_in_lanes<M: Message, D: From<Digest> + Clone>(
    messages: &[M],
    digests: &mut Vec<Result<D, CollisionDetected>>,
) {
    let before = digests.len();
    digests.resize(before + messages.len(), Err(CollisionDetected));
    let Some(digests) = digests.get_mut(before..) else {
        return;
    };
    let longest = longest_in_lanes(messages);
    for (message, place) in messages.iter().zip(&mut *digests) {
        if message.content().len() > longest {
            *place = digest(*message).map(D::from);
        }
    }
    Batch::new().run(longest_first(messages, longest), digests);
}

/// The longest content that lanes take, in bytes. A longer message would occupy the lanes alone for most of
/// its length, and is hashed sooner alone.
fn longest_in_lanes<M: Message>(messages: &[M]) -> usize {
    let mut limit = usize::MAX;
    loop {
        let (mut longest, mut next, mut total, mut count) = (0, 0, 0, 0);
        let lengths = messages.iter().map(|message| message.content().len());
        for length in lengths.filter(|length| *length <= limit) {
            next = length.clamp(next, longest.max(next));
            longest = longest.max(length);
            total += length;
            count += 1;
        }
        // Four lanes take as long for a block as one message alone for two and a third.
        let others = next.max((total - longest) / LANES);
        let is_alone = longest / 7 * 4 > others || (count > 0 && count < 3);
        if !is_alone || longest == 0 {
            return limit;
        }
        limit = longest - 1;
    }
}

/// The messages up to a length, with their places. Larger powers of two come first, so that no long
/// message is left alone at the end.
fn longest_first<M: Message>(
    messages: &[M],
    longest: usize,
) -> impl Iterator<Item = (usize, &M)> + use<'_, M> {
    let size = |content: &[u8]| content.len().checked_ilog2().unwrap_or_default();
    let contents = messages.iter().map(Message::content);
    let sizes = contents
        .filter(|content| content.len() <= longest)
        .map(size);
    let range = sizes.fold((usize::BITS, 0), |(low, high), size| {
        (low.min(size), high.max(size))
    });
    (range.0..=range.1).rev().flat_map(move |wanted| {
        let placed = messages.iter().enumerate();
        placed.filter(move |(_, message)| {
            let content = message.content();
            size(content) == wanted && content.len() <= longest
        })
    })
}

/// Four messages at work.
struct Batch<'a> {
    lanes: [Lane<'a>; LANES],
    chaining: State<Lanes>,
    trace: Trace,
}

struct Lane<'a> {
    blocks: Blocks<'a>,
    /// The place of its digest.
    place: usize,
    is_attack: bool,
}

impl<'a> Batch<'a> {
    fn new() -> Self {
        let idle = || Lane {
            blocks: Blocks::ended(),
            place: 0,
            is_attack: false,
        };
        Self {
            lanes: [idle(), idle(), idle(), idle()],
            chaining: INITIAL.map(Lanes::splat),
            trace: Trace::new(),
        }
    }

    /// Gives each lane the next message when it is done with one.
    fn run<M: Message + 'a, D: From<Digest>>(
        &mut self,
        mut messages: impl Iterator<Item = (usize, &'a M)>,
        digests: &mut [Result<D, CollisionDetected>],
    ) {
        loop {
            self.fill(&mut messages);
            let blocks = self.lanes.each_ref().map(|lane| lane.blocks.next());
            let lengths = blocks.iter().map(|blocks| blocks.len());
            let Some(count) = lengths.filter(|length| *length > 0).min() else {
                return;
            };
            let attacks = compress_all(&mut self.chaining, &mut self.trace, blocks, count);
            for (number, (lane, is_attack)) in self.lanes.iter_mut().zip(attacks).enumerate() {
                if lane.blocks.has_ended() {
                    continue;
                }
                lane.is_attack |= is_attack;
                lane.blocks.advance(count);
                if lane.blocks.has_ended()
                    && let Some(place) = digests.get_mut(lane.place)
                    && !lane.is_attack
                {
                    *place = Ok(D::from(digest_of(&self.chaining, number)));
                }
            }
        }
    }

    fn fill<M: Message + 'a>(&mut self, messages: &mut impl Iterator<Item = (usize, &'a M)>) {
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            if !lane.blocks.has_ended() {
                continue;
            }
            let Some((place, message)) = messages.next() else {
                return;
            };
            lane.blocks
                .begin(message.prefix().as_ref(), message.content());
            lane.place = place;
            lane.is_attack = false;
            for (words, initial) in self.chaining.iter_mut().zip(INITIAL) {
                *words = words.with(number, initial);
            }
        }
    }
}

/// Compresses so many blocks of each message, and says which lanes had a block of a collision. A
/// lane without blocks compresses zeros.
#[inline(never)]
fn compress_all(
    chaining: &mut State<Lanes>,
    trace: &mut Trace,
    blocks: [&[Block]; LANES],
    count: usize,
) -> [bool; LANES] {
    const ZEROS: &Block = &[0; 64];
    let mut attacks = [false; LANES];
    for at in 0..count {
        let each = blocks.map(|blocks| blocks.get(at).unwrap_or(ZEROS));
        compress(chaining, each, trace);
        if let Some(vectors) = conditions::vectors(&trace.schedule) {
            for (lane, is_attack) in attacks.iter_mut().enumerate() {
                *is_attack |= recompression::is_attack(lane, &vectors, trace, chaining);
            }
        }
    }
    attacks
}

fn digest_of(chaining: &State<Lanes>, lane: usize) -> Digest {
    let mut digest = [0; 20];
    for (bytes, words) in digest.as_chunks_mut().0.iter_mut().zip(chaining) {
        let word = words.to_array().get(lane).copied().unwrap_or_default();
        *bytes = word.to_be_bytes();
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::super::PREFIX_BYTES_MAX;
    use super::super::published::noise;
    use super::*;

    fn contents(lengths: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
        let mut noise = noise(5);
        let content = |length| (0..length).map(|_| noise().to_le_bytes()[0]).collect();
        lengths.into_iter().map(content).collect()
    }

    #[derive(Clone, Copy)]
    struct Prefixed<'a>(&'a str, &'a [u8]);

    impl Message for Prefixed<'_> {
        fn prefix(&self) -> impl AsRef<[u8]> {
            self.0
        }

        fn content(&self) -> &[u8] {
            self.1
        }
    }

    /// The contents behind prefixes of many lengths, the shortest and the longest among them.
    fn prefixed(contents: &[Vec<u8>]) -> Vec<Prefixed<'_>> {
        const PREFIXES: [&str; 5] = [
            "",
            "blob 3\0",
            "commit 300\0",
            "tree 70000\0",
            "a prefix that is as long as any.",
        ];
        assert_eq!(PREFIXES[4].len(), PREFIX_BYTES_MAX);
        let cycled = PREFIXES.into_iter().cycle();
        let messages = cycled.zip(contents);
        messages
            .map(|(prefix, content)| Prefixed(prefix, content))
            .collect()
    }

    /// Asserts that lanes give the digests that the messages have one by one.
    fn check(contents: &[Vec<u8>]) {
        let messages = prefixed(contents);
        let mut digests: Vec<Result<Digest, _>> = vec![Err(CollisionDetected)];
        digests_in_lanes(&messages, &mut digests);
        let alone = messages.iter().map(|message| digest(*message));
        assert_eq!(digests[0], Err(CollisionDetected), "what is there stays");
        assert_eq!(digests[1..], alone.collect::<Vec<_>>());
    }

    #[test]
    fn the_digest_of_the_standards_example_is_the_published_one() {
        let expected = "a9993e364706816aba3e25717850c26c9cd0d89d";
        let mut digests: Vec<Result<Digest, _>> = Vec::new();
        digests_in_lanes(&[Prefixed("", b"abc"); 3], &mut digests);
        digests.push(digest(Prefixed("a", b"bc")));
        for digest in digests {
            assert_eq!(faster_hex::hex_string(&digest.unwrap()), expected);
        }
    }

    #[test]
    fn digests_are_the_same_at_every_length() {
        check(&contents(0..300));
        check(&contents((0..300).rev()));
        check(&contents(
            (1..20).flat_map(|blocks| 64 * blocks - 9..=64 * blocks + 9),
        ));
        check(&contents([
            70_000, 3, 9_999, 70_000, 1_000, 65_536, 0, 4_096,
        ]));
        // From no message to one more than there are lanes.
        for count in 0..=LANES + 1 {
            check(&contents([1_000, 64, 5, 0, 3_000].into_iter().take(count)));
            check(&contents(
                [100_000, 1_000, 1_000, 1_000, 1].into_iter().take(count),
            ));
        }
    }

    #[test]
    fn digests_are_the_same_in_every_order() {
        let mut noise = noise(6);
        for _ in 0..200 {
            let count = noise() % 24;
            let length = |_| ((noise() % 1_000) >> (noise() % 10)) as usize;
            check(&contents((0..count).map(length).collect::<Vec<_>>()));
        }
    }

    #[test]
    fn a_message_that_would_have_the_lanes_to_itself_is_hashed_alone() {
        let longest = |lengths: &[usize]| {
            let contents = contents(lengths.iter().copied());
            longest_in_lanes(&prefixed(&contents))
        };
        assert_eq!(longest(&[500; 8]), usize::MAX);
        assert_eq!(longest(&[10_000, 500, 500, 500, 500]), 9_999);
        assert_eq!(longest(&[10_000, 9_000, 8_000]), usize::MAX);
        assert_eq!(longest(&[500, 500]), 499);
        assert_eq!(longest(&[500]), 499);
    }

    #[test]
    fn an_attack_costs_its_message_the_digest_and_no_other() {
        let contents = contents((0..40).map(|number| 30 * number));
        let messages = prefixed(&contents);
        for lane in 0..LANES {
            let mut placed = messages.iter().enumerate();
            let mut batch = Batch::new();
            batch.fill(&mut placed);
            batch.lanes[lane].is_attack = true;
            let mut digests: Vec<Result<Digest, _>> = vec![Err(CollisionDetected); messages.len()];
            batch.run(placed, &mut digests);
            for (place, message) in messages.iter().enumerate() {
                let expected = if place == lane {
                    Err(CollisionDetected)
                } else {
                    digest(*message)
                };
                assert_eq!(digests[place], expected);
            }
        }
    }

    /// The blocks that end the collision of Gaëtan Leurent and Thomas Peyrin, "SHA-1 is a shambles"
    /// (USENIX Security 2020): each with the chaining value before it.
    const COLLISION: [(State<u32>, &str); 2] = [
        (
            [
                0x72d4_2d69,
                0xa661_589d,
                0x73fc_2017,
                0x3d1d_ce01,
                0x4c78_13bc,
            ],
            "4d41fdd95cf2459664a2ad032d1da60a73264075d7f1e0d6c1403ae7a0d861df\
             3fe5707188dd5e07d1589b9f8b6630553f8fc352b3e0c27da80bddba4c64020d",
        ),
        (
            [
                0x72d4_3f9b,
                0xa661_592f,
                0x73fc_2017,
                0x3d1d_ce03,
                0xcc78_13bc,
            ],
            "4141fddb9cf24586d0a2ad1f111da60ecf26406ff7f1e0c6e5403afb4cd861cb\
             33e5707348dd5e1765589b83a7663051838fc34a03e0c26da80bddb6f464021d",
        ),
    ];
    const COLLISION_END: State<u32> = [
        0xee1d_b7e4,
        0x378c_ccc8,
        0xb418_4320,
        0xb3fe_8873,
        0xa740_5fe7,
    ];

    fn block(hex: &str) -> Block {
        let mut block = [0; 64];
        faster_hex::hex_decode(hex.as_bytes(), &mut block).unwrap();
        block
    }

    #[test]
    fn a_collision_is_found_in_its_lane_and_leaves_the_others_alone() {
        let mut noise = noise(7);
        for attacked in 1..1_u32 << LANES {
            let is_attacked = |lane: usize| attacked >> lane & 1 == 1;
            let mut blocks = [(); LANES].map(|()| [(); 64].map(|()| noise().to_le_bytes()[0]));
            let mut chaining = [(); 5].map(|()| Lanes::splat(noise()));
            let (mut alone, mut trace) = (chaining, Trace::new());
            compress(&mut alone, blocks.each_ref(), &mut trace);
            for lane in (0..LANES).filter(|lane| is_attacked(*lane)) {
                let (before, hex) = COLLISION[lane % 2];
                blocks[lane] = block(hex);
                for (words, before) in chaining.iter_mut().zip(before) {
                    *words = words.with(lane, before);
                }
            }
            let all = blocks.each_ref().map(std::slice::from_ref);
            let attacks = compress_all(&mut chaining, &mut trace, all, 1);
            for (lane, is_attack) in attacks.into_iter().enumerate() {
                assert_eq!(is_attack, is_attacked(lane));
                let of_lane = |words: Lanes| words.to_array()[lane];
                let expected = if is_attacked(lane) {
                    COLLISION_END
                } else {
                    alone.map(of_lane)
                };
                assert_eq!(chaining.map(of_lane), expected);
            }
        }
    }

    #[test]
    fn a_collision_with_a_changed_bit_or_another_beginning_is_not_a_collision() {
        let mut trace = Trace::new();
        for (before, hex) in COLLISION {
            for bit in 0..512 {
                let mut block = block(hex);
                block[bit / 8] ^= 1 << (bit % 8);
                let mut chaining = before.map(Lanes::splat);
                let all = [std::slice::from_ref(&block); LANES];
                assert_eq!(
                    compress_all(&mut chaining, &mut trace, all, 1),
                    [false; LANES]
                );
            }
            let mut chaining = INITIAL.map(Lanes::splat);
            let block = block(hex);
            let all = [std::slice::from_ref(&block); LANES];
            assert_eq!(
                compress_all(&mut chaining, &mut trace, all, 1),
                [false; LANES]
            );
        }
    }
}

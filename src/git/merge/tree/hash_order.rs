//! The order in which git walks a `strmap`.
//!
//! Where two answers are equally good git takes the one that its hash table gives first. So the paths that go
//! through such a table in git go through the same order here (`hashmap.c`, `strhash`).

const BUCKETS_MIN: u32 = 64;

/// FNV-1, as git's `strhash` (and `memihash` without the folding of case).
fn hash(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5_u32, |hash, byte| {
        hash.wrapping_mul(0x0100_0193) ^ u32::from(*byte)
    })
}

/// Puts entries that were inserted in this order, each name once, in the order of git's walk.
pub(super) fn sort<T>(entries: Vec<T>, name: impl Fn(&T) -> &[u8]) -> Vec<T> {
    let mut buckets: Vec<Vec<T>> = Vec::new();
    buckets.resize_with(BUCKETS_MIN as usize, Vec::new);
    let mut count = 0_usize;
    for entry in entries {
        put(&mut buckets, entry, &name);
        count += 1;
        // It grows by four beyond four fifths.
        if count > buckets.len() * 4 / 5 {
            let larger = buckets.len() * 4;
            let old = std::mem::take(&mut buckets);
            buckets.resize_with(larger, Vec::new);
            // Each chain is walked from its head, which is the entry that came last.
            for entry in old.into_iter().flat_map(|chain| chain.into_iter().rev()) {
                put(&mut buckets, entry, &name);
            }
        }
    }
    let chains = buckets.into_iter();
    chains.flat_map(|chain| chain.into_iter().rev()).collect()
}

fn put<T>(buckets: &mut [Vec<T>], entry: T, name: &impl Fn(&T) -> &[u8]) {
    let mask = buckets.len().wrapping_sub(1);
    let bucket = hash(name(&entry)) as usize & mask;
    if let Some(chain) = buckets.get_mut(bucket) {
        chain.push(entry);
    }
}

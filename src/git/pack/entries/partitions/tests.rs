//! Items that are put in order by way of scratch.

use super::super::super::incoming::testing::MemoryScratch;
use super::*;

const BYTES: usize = 8;

/// Numbers as good as random, some of them twice.
fn numbers(count: u64) -> Vec<u64> {
    let spread = |number: u64| (number % (count - 9)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..count).map(spread).collect()
}

fn bucket(number: u64) -> usize {
    usize::try_from(number >> 56).unwrap()
}

fn spread(numbers: &[u64], scratch: &MemoryScratch) -> Partitions<BYTES> {
    let mut counts = vec![0; 256];
    for number in numbers {
        counts[bucket(*number)] += 1;
    }
    let ends = grouped(counts.into_iter(), BYTES);
    let mut partitions = Partitions::new(ends.len());
    for number in numbers {
        let partition = partition_of(&ends, bucket(*number));
        let put = partitions.put(partition, &number.to_be_bytes(), scratch);
        put.unwrap();
    }
    partitions.close(scratch).unwrap();
    partitions
}

#[test]
fn items_are_sorted_as_a_plain_sort_has_them_and_read_at_any_place() {
    let scratch = MemoryScratch::default();
    let mut plain = numbers(1_000_000);
    let partitions = spread(&plain, &scratch);
    assert!(partitions.count() > 1);
    plain.sort_unstable();
    let mut sorted = Vec::new();
    for partition in 0..partitions.count() {
        sorted.extend(partitions.sort(partition, &scratch).unwrap());
    }
    assert!(
        sorted
            .iter()
            .map(|item| u64::from_be_bytes(*item))
            .eq(plain.iter().copied())
    );
    for place in (0..plain.len()).step_by(777).chain([plain.len() - 1]) {
        let (start, row) = partitions.read(place, &scratch).unwrap();
        assert_eq!(u64::from_be_bytes(row[place - start]), plain[place]);
    }
    assert!(partitions.read(plain.len(), &scratch).is_err());
}

#[test]
fn a_row_that_is_lost_is_an_error_and_never_a_gap() {
    let scratch = MemoryScratch::default();
    let partitions = spread(&numbers(100_000), &scratch);
    scratch.lost.set(Some(FIRST_ROW + 3));
    assert!((0..partitions.count()).any(|partition| partitions.sort(partition, &scratch).is_err()));
}

#[test]
fn neighbouring_buckets_share_a_partition_as_long_as_they_fit() {
    let half = PARTITION_BYTES / 2;
    assert_eq!(grouped([half, half, 1, half].into_iter(), 1), [2, 4]);
    // One that is too large is alone.
    assert_eq!(grouped([1, 3 * half, 1].into_iter(), 1), [1, 2, 3]);
    assert_eq!(grouped([].into_iter(), 1), [0]);
    let ends = [2, 4];
    assert_eq!(
        [0, 1, 2, 3].map(|bucket| partition_of(&ends, bucket)),
        [0, 0, 1, 1]
    );
}

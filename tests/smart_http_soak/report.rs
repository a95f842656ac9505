//! The report that is printed at the end.

use super::world::World;

/// Bytes that the heap may have, at most.
const HEAP_BYTES_MAX: u64 = 96 << 20;

pub fn print(world: &World, heap_bytes: u64) {
    println!("soak: {} s", world.elapsed().as_secs());
    for (what, count) in world.counts() {
        println!("  {count:>7}  {what}");
    }
    println!("  {:>7}  MiB of heap at most", heap_bytes >> 20);
    if heap_bytes > HEAP_BYTES_MAX {
        world.fault(format!("{heap_bytes} bytes of heap"));
    }
}

//! Running sums of the bytes that leases hold, by repository and by caller. A reservation that grows asks
//! for them, so they must not cost a walk over all leases.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::Owner;

thread_local! {
    static SHARES: RefCell<Shares> = const { RefCell::new(Shares::new()) };
}

/// Bytes by holder. A holder of nothing has no entry.
struct Shares {
    of_owners: BTreeMap<u32, u64>,
    of_callers: BTreeMap<String, u64>,
}

impl Shares {
    const fn new() -> Self {
        Self {
            of_owners: BTreeMap::new(),
            of_callers: BTreeMap::new(),
        }
    }
}

/// Notes that a lease of this repository and caller holds `after` bytes where it held `before`. The
/// empty caller has no share.
pub(crate) fn change(owner: Owner, caller: &str, before: u64, after: u64) {
    if before == after {
        return;
    }
    let sum = |sum: u64| sum.saturating_sub(before).saturating_add(after);
    // While the thread ends, nothing needs the shares any more.
    let _ = SHARES.try_with(|shares| {
        let shares = &mut *shares.borrow_mut();
        let of_owner = shares.of_owners.entry(owner.0).or_default();
        *of_owner = sum(*of_owner);
        if *of_owner == 0 {
            shares.of_owners.remove(&owner.0);
        }
        if caller.is_empty() {
            return;
        }
        if let Some(of_caller) = shares.of_callers.get_mut(caller) {
            *of_caller = sum(*of_caller);
            if *of_caller == 0 {
                shares.of_callers.remove(caller);
            }
        } else {
            shares.of_callers.insert(caller.to_owned(), sum(0));
        }
    });
}

/// Bytes that all leases of a repository hold, and all of a caller: 0 for the empty one.
pub(crate) fn sums(owner: Owner, caller: &str) -> (u64, u64) {
    let sums = SHARES.try_with(|shares| {
        let shares = shares.borrow();
        let of_owner = shares.of_owners.get(&owner.0).copied();
        let of_caller = shares.of_callers.get(caller).copied();
        (of_owner.unwrap_or(0), of_caller.unwrap_or(0))
    });
    sums.unwrap_or_default()
}

/// Whether nothing is summed.
#[cfg(test)]
pub(crate) fn is_empty() -> bool {
    SHARES.with_borrow(|shares| shares.of_owners.is_empty() && shares.of_callers.is_empty())
}

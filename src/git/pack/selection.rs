//! A set of entries over the live packs, which a fetch will send.
//!
//! One bit an entry, in a bitmap a pack, by position: 50 kB for a pack of 400,000 objects, and
//! nothing at all for a pack of which nothing is selected.

/// Entries selected, by pack (its ordinal among the live packs) and position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    packs: Vec<Bitmap>,
}

#[derive(Debug, Clone, Default)]
struct Bitmap {
    object_count: u32,
    selected: u32,
    /// Bit `position % 64` of word `position / 64`; empty until something is selected.
    words: Vec<u64>,
}

/// The selection is the same whether the words are allocated or not.
impl PartialEq for Bitmap {
    fn eq(&self, other: &Self) -> bool {
        self.object_count == other.object_count
            && self.selected == other.selected
            && (self.selected == 0 || self.words == other.words)
    }
}

impl Eq for Bitmap {}

impl Selection {
    /// An empty selection over live packs with these numbers of objects, in publish order.
    pub fn new(object_counts: &[u32]) -> Self {
        let bitmap = |object_count: &u32| Bitmap {
            object_count: *object_count,
            ..Bitmap::default()
        };
        Self {
            packs: object_counts.iter().map(bitmap).collect(),
        }
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> usize {
        let words = self
            .packs
            .iter()
            .map(|pack| size_of_val(pack.words.as_slice()));
        words.sum()
    }

    /// Selects an entry; true when it was not selected before. A place outside of the packs is
    /// nobody's, so it cannot be selected.
    pub fn insert(&mut self, pack: u32, position: u32) -> bool {
        self.bitmap_mut(pack)
            .is_some_and(|bitmap| bitmap.insert(position))
    }

    /// Selects all entries of a pack.
    pub fn insert_all(&mut self, pack: u32) {
        if let Some(bitmap) = self.bitmap_mut(pack) {
            bitmap.insert_all();
        }
    }

    /// Takes an entry out; true when it was selected.
    pub fn remove(&mut self, pack: u32, position: u32) -> bool {
        self.bitmap_mut(pack)
            .is_some_and(|bitmap| bitmap.remove(position))
    }

    /// Whether the entry is selected.
    pub fn contains(&self, pack: u32, position: u32) -> bool {
        self.bitmap(pack)
            .is_some_and(|bitmap| bitmap.contains(position))
    }

    /// Entries selected in all packs together.
    pub fn count(&self) -> u64 {
        self.packs
            .iter()
            .map(|bitmap| u64::from(bitmap.selected))
            .sum()
    }

    /// Entries selected in one pack.
    pub(crate) fn count_in(&self, pack: u32) -> u32 {
        self.bitmap(pack).map_or(0, |bitmap| bitmap.selected)
    }

    /// Whether the pack is selected whole.
    pub fn is_whole(&self, pack: u32) -> bool {
        self.bitmap(pack)
            .is_some_and(|bitmap| bitmap.selected == bitmap.object_count)
    }

    /// Packs that the selection is over, selected from or not.
    pub fn pack_count(&self) -> u32 {
        u32::try_from(self.packs.len()).unwrap_or(u32::MAX)
    }

    /// The first selected position of the pack that is at `position` or behind it.
    pub(crate) fn next_from(&self, pack: u32, position: u32) -> Option<u32> {
        self.bitmap(pack)?.next_from(position)
    }

    /// The selected positions of a pack, ascending.
    pub fn positions(&self, pack: u32) -> impl Iterator<Item = u32> + '_ {
        let mut next = Some(0);
        std::iter::from_fn(move || {
            let position = self.next_from(pack, next?)?;
            next = position.checked_add(1);
            Some(position)
        })
    }

    fn bitmap(&self, pack: u32) -> Option<&Bitmap> {
        self.packs.get(usize::try_from(pack).ok()?)
    }

    fn bitmap_mut(&mut self, pack: u32) -> Option<&mut Bitmap> {
        self.packs.get_mut(usize::try_from(pack).ok()?)
    }
}

impl Bitmap {
    fn insert(&mut self, position: u32) -> bool {
        if position >= self.object_count {
            return false;
        }
        self.allocate();
        let (word, bit) = place(position);
        let Some(word) = self.words.get_mut(word) else {
            return false;
        };
        let is_new = *word & bit == 0;
        *word |= bit;
        self.selected += u32::from(is_new);
        is_new
    }

    fn insert_all(&mut self) {
        self.allocate();
        self.words.fill(u64::MAX);
        let rest = self.object_count % u64::BITS;
        if let Some(last) = self.words.last_mut().filter(|_| rest != 0) {
            *last = (1 << rest) - 1;
        }
        self.selected = self.object_count;
    }

    fn remove(&mut self, position: u32) -> bool {
        let (word, bit) = place(position);
        let Some(word) = self.words.get_mut(word) else {
            return false;
        };
        let was_selected = *word & bit != 0;
        *word &= !bit;
        self.selected -= u32::from(was_selected);
        was_selected
    }

    fn contains(&self, position: u32) -> bool {
        let (word, bit) = place(position);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    fn next_from(&self, position: u32) -> Option<u32> {
        let (first, bit) = place(position);
        // Bits below `position` in its word do not count.
        let mut mask = !(bit - 1);
        for (number, word) in self.words.iter().enumerate().skip(first) {
            let candidates = word & mask;
            if candidates != 0 {
                let number = u32::try_from(number).ok()?;
                return Some(number * u64::BITS + candidates.trailing_zeros());
            }
            mask = u64::MAX;
        }
        None
    }

    fn allocate(&mut self) {
        if self.words.is_empty() {
            let (words, _) = place(self.object_count.saturating_add(u64::BITS - 1));
            self.words.resize(words, 0);
        }
    }
}

/// The word and the bit of a position.
fn place(position: u32) -> (usize, u64) {
    // 26 bits fit every `usize` there is.
    ((position / u64::BITS) as usize, 1 << (position % u64::BITS))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pack_without_selected_objects_allocates_nothing() {
        let mut selection = Selection::new(&[400_000, 10]);
        assert!(selection.insert(1, 9));
        assert!(!selection.insert(1, 9));
        assert!(!selection.insert(1, 10), "there is no tenth entry");
        assert!(!selection.insert(2, 0), "there is no third pack");
        assert!(selection.packs[0].words.is_empty());
        assert_eq!(selection.count(), 1);
    }

    #[test]
    fn a_pack_selected_whole_has_each_position_and_no_more() {
        for object_count in [0, 1, 63, 64, 65, 128, 1000] {
            let mut selection = Selection::new(&[object_count]);
            selection.insert_all(0);
            assert!(selection.is_whole(0));
            assert!(selection.positions(0).eq(0..object_count));
            assert_eq!(selection.count(), u64::from(object_count));
        }
    }

    type Places = BTreeSet<(u32, u32)>;

    fn selection_of(counts: &[u32], places: &[(u32, u32)]) -> (Selection, Places) {
        let mut selection = Selection::new(counts);
        let mut model = Places::new();
        for &(pack, position) in places {
            let exists = counts
                .get(pack as usize)
                .is_some_and(|count| position < *count);
            let is_new = exists && model.insert((pack, position));
            assert_eq!(selection.insert(pack, position), is_new);
        }
        (selection, model)
    }

    fn assert_same(selection: &Selection, model: &Places) {
        let places: Places = (0..selection.pack_count())
            .flat_map(|pack| {
                selection
                    .positions(pack)
                    .map(move |position| (pack, position))
            })
            .collect();
        assert_eq!(&places, model);
        assert_eq!(selection.count(), model.len() as u64);
    }

    proptest! {
        #[test]
        fn behaves_as_a_set(
            counts in prop::collection::vec(0_u32..300, 0..4),
            one in prop::collection::vec((0_u32..5, 0_u32..320), 0..100),
            two in prop::collection::vec((0_u32..5, 0_u32..320), 0..100),
        ) {
            let (mut selection, mut model) = selection_of(&counts, &one);
            assert_same(&selection, &model);
            let (_, other_model) = selection_of(&counts, &two);
            for (pack, position) in &two {
                selection.insert(*pack, *position);
            }
            model.extend(&other_model);
            assert_same(&selection, &model);
            for place in &other_model {
                prop_assert!(selection.contains(place.0, place.1));
                prop_assert!(selection.remove(place.0, place.1));
                prop_assert!(!selection.contains(place.0, place.1));
                model.remove(place);
            }
            assert_same(&selection, &model);
        }
    }
}

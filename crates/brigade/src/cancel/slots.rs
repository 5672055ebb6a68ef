//! A list whose entries stay under their number until they are taken out, in constant time.
//!
//! It knows nothing of what is in it.

/// Room that an empty list keeps.
const KEPT: usize = 64;
/// The end of the list of vacant slots.
const NONE: usize = usize::MAX;

#[derive(Debug)]
enum Slot<T> {
    Taken(T),
    /// And the next vacant one.
    Vacant(usize),
}

#[derive(Debug)]
pub(super) struct Slots<T> {
    slots: Vec<Slot<T>>,
    vacant: usize,
    count: usize,
}

impl<T> Slots<T> {
    pub(super) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            vacant: NONE,
            count: 0,
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Puts `value` in. Returns its number.
    pub(super) fn insert(&mut self, value: T) -> usize {
        self.count += 1;
        if self.vacant == NONE {
            self.slots.push(Slot::Taken(value));
            return self.slots.len() - 1;
        }
        let number = self.vacant;
        let slot = std::mem::replace(&mut self.slots[number], Slot::Taken(value));
        let Slot::Vacant(next) = slot else {
            unreachable!("only vacant slots are in the list of them")
        };
        self.vacant = next;
        number
    }

    /// Takes out what is under `number`, if anything is.
    pub(super) fn remove(&mut self, number: usize) -> Option<T> {
        let slot = self.slots.get_mut(number)?;
        if matches!(slot, Slot::Vacant(_)) {
            return None;
        }
        let slot = std::mem::replace(slot, Slot::Vacant(self.vacant));
        self.vacant = number;
        self.count -= 1;
        if self.count == 0 {
            self.slots.clear();
            self.slots.shrink_to(KEPT);
            self.vacant = NONE;
        }
        match slot {
            Slot::Taken(value) => Some(value),
            Slot::Vacant(_) => None,
        }
    }

    /// Takes out the first that has this number or a higher one. Returns its number too.
    pub(super) fn remove_from(&mut self, number: usize) -> Option<(usize, T)> {
        let rest = self.slots.get(number..)?;
        let taken = |slot: &Slot<T>| matches!(slot, Slot::Taken(_));
        let number = number + rest.iter().position(taken)?;
        Some((number, self.remove(number)?))
    }

    /// All of them; nothing is left.
    pub(super) fn take(&mut self) -> impl Iterator<Item = T> + use<T> {
        let all = std::mem::replace(self, Self::new());
        all.slots.into_iter().filter_map(|slot| match slot {
            Slot::Taken(value) => Some(value),
            Slot::Vacant(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_it_stays_under_its_number() {
        let mut slots = Slots::new();
        let numbers: Vec<_> = (0..4).map(|value| slots.insert(value)).collect();
        assert_eq!(slots.remove(numbers[1]), Some(1));
        assert_eq!(slots.remove(numbers[1]), None);
        assert_eq!(slots.remove(99), None);
        assert_eq!(slots.insert(9), numbers[1]);
        assert_eq!(slots.len(), 4);
        assert_eq!(slots.remove_from(0), Some((0, 0)));
        assert_eq!(slots.remove_from(99), None);
        assert_eq!(slots.take().collect::<Vec<_>>(), [9, 2, 3]);
        assert!(slots.is_empty());
        assert_eq!(slots.remove_from(0), None);
        assert_eq!(slots.remove(numbers[2]), None);
    }

    #[test]
    fn an_empty_list_keeps_little_room() {
        let mut slots = Slots::new();
        let numbers: Vec<_> = (0..10_000).map(|value| slots.insert(value)).collect();
        for number in numbers {
            slots.remove(number);
        }
        assert!(slots.slots.capacity() <= KEPT);
        assert_eq!(slots.insert(1), 0);
    }
}

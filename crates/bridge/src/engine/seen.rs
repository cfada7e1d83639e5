use std::borrow::Borrow;
use std::collections::{HashSet, VecDeque};
use std::hash::Hash;

/// Remembers the last so many ids, to recognise a repeat by.
#[derive(Debug)]
pub(crate) struct Seen<T> {
    order: VecDeque<T>,
    ids: HashSet<T>,
    capacity: usize,
}

impl<T: Clone + Eq + Hash> Seen<T> {
    /// Makes an empty memory for `capacity` ids.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { order: VecDeque::new(), ids: HashSet::new(), capacity }
    }

    /// Says whether the id is remembered.
    pub(crate) fn contains<Q: Eq + Hash + ?Sized>(&self, id: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.ids.contains(id)
    }

    /// Remembers an id; says, if it is new, which one is forgotten for it.
    pub(crate) fn see(&mut self, id: &T) -> Option<Forgotten<T>> {
        if !self.ids.insert(id.clone()) {
            return None;
        }
        self.order.push_back(id.clone());
        let is_full = self.order.len() > self.capacity;
        let oldest = if is_full { self.order.pop_front() } else { None };
        if let Some(oldest) = &oldest {
            self.ids.remove(oldest);
        }
        Some(Forgotten(oldest))
    }

    /// Remembers an id.
    pub(crate) fn add(&mut self, id: T) {
        // That another one is forgotten for it is of no interest here.
        let _ = self.see(&id);
    }
}

/// The id that was forgotten for a new one, if the memory was full.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Forgotten<T>(pub(crate) Option<T>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_is_recognised_until_it_is_long_ago() {
        let mut seen = Seen::new(2);
        assert_eq!((seen.see(&1), seen.see(&1)), (Some(Forgotten(None)), None));
        assert_eq!(seen.see(&2), Some(Forgotten(None)));
        assert_eq!(seen.see(&3), Some(Forgotten(Some(1))));
        assert!(seen.see(&1).is_some());
    }
}

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

    /// Says whether the id is new, and remembers it.
    pub(crate) fn is_new(&mut self, id: &T) -> bool {
        if !self.ids.insert(id.clone()) {
            return false;
        }
        self.order.push_back(id.clone());
        if self.order.len() > self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_is_recognised_until_it_is_long_ago() {
        let mut seen = Seen::new(2);
        assert!(seen.is_new(&1) && !seen.is_new(&1));
        assert!(seen.is_new(&2) && seen.is_new(&3));
        assert!(seen.is_new(&1));
    }
}

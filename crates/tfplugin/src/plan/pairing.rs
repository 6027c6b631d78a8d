//! Pairs the elements of two sets without trying each with each: those of one set are filed under a key that an element of
//! the other must share with what it pairs with, so that only few are left to be compared.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::value::Value;

/// What elements are filed under.
#[derive(Debug)]
struct Key<'a>(Vec<Cow<'a, Value>>);

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let parts = self.0.iter().zip(&other.0).map(|(left, right)| left.order(right));
        parts.fold(self.0.len().cmp(&other.0.len()), Ordering::then)
    }
}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key<'_> {}

/// Elements by their keys. Each can be taken once.
#[derive(Debug, Default)]
pub(super) struct Filed<'a> {
    slots: BTreeMap<Key<'a>, usize>,
    elements: Vec<Vec<&'a Value>>,
}

impl<'a> Filed<'a> {
    /// Files an element.
    pub(super) fn file(&mut self, key: Vec<Cow<'a, Value>>, element: &'a Value) {
        let next = self.elements.len();
        let slot = *self.slots.entry(Key(key)).or_insert(next);
        match self.elements.get_mut(slot) {
            Some(elements) => elements.push(element),
            None => self.elements.push(vec![element]),
        }
    }

    /// Where the elements of a key are, and which of them are left.
    pub(super) fn at(&self, key: Vec<Cow<'_, Value>>) -> Option<(usize, &[&'a Value])> {
        let slot = *self.slots.get(&Key(key))?;
        Some((slot, self.elements.get(slot)?))
    }

    /// Takes one of the elements that [`Self::at`] showed.
    pub(super) fn take(&mut self, slot: usize, at: usize) -> Option<&'a Value> {
        let elements = self.elements.get_mut(slot)?;
        (at < elements.len()).then(|| elements.swap_remove(at))
    }
}

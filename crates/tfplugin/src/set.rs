//! A Terraform set: order says nothing, and unknown elements keep their number.

use std::borrow::Cow;
use std::collections::VecDeque;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

/// An unordered collection. Equality ignores the order; multiplicity counts.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Set<T>(pub Vec<T>);

impl<T> Set<T> {
    /// The elements, in the order in which they were given.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: PartialEq> Set<T> {
    /// Whether `element` is in the set.
    pub fn contains(&self, element: &T) -> bool {
        self.0.contains(element)
    }

    /// The elements of `self` that `other` lacks.
    pub fn minus(&self, other: &Self) -> Vec<T>
    where
        T: Clone,
    {
        self.0.iter().filter(|element| !other.contains(element)).cloned().collect()
    }
}

impl<T: PartialEq> PartialEq for Set<T> {
    fn eq(&self, other: &Self) -> bool {
        if self.0.len() != other.0.len() {
            return false;
        }
        // Sets travel in order, so the next one is nearly always the one; the others are looked at only where it is not.
        let mut rest: VecDeque<&T> = other.0.iter().collect();
        self.0.iter().all(|element| match rest.iter().position(|candidate| *candidate == element) {
            Some(0) => rest.pop_front().is_some(),
            Some(at) => rest.remove(at).is_some(),
            None => false,
        })
    }
}

impl<T: Eq> Eq for Set<T> {}

impl<T> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self(elements.into_iter().collect())
    }
}

impl<T> From<Vec<T>> for Set<T> {
    fn from(elements: Vec<T>) -> Self {
        Self(elements)
    }
}

impl<T> IntoIterator for Set<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Set<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: JsonSchema> JsonSchema for Set<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Set_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "array",
            "uniqueItems": true,
            "items": generator.subschema_for::<T>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Set;

    #[test]
    fn order_does_not_matter_and_multiplicity_does() {
        let equal = |a: &[u8], b: &[u8]| Set(a.to_vec()) == Set(b.to_vec());
        assert!(equal(&[1, 2, 3], &[3, 1, 2]));
        assert!(equal(&[1, 1, 2], &[1, 2, 1]));
        assert!(!equal(&[1, 1, 2], &[1, 2, 2]));
        assert!(!equal(&[1], &[1, 1]));
    }

    #[test]
    fn equal_sets_in_order_are_compared_once() {
        thread_local! {
            static COMPARED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
        }
        struct Counted(usize);
        impl PartialEq for Counted {
            fn eq(&self, other: &Self) -> bool {
                COMPARED.with(|compared| compared.set(compared.get() + 1));
                self.0 == other.0
            }
        }
        let set = || (0..1_000).map(Counted).collect::<Set<_>>();
        assert!(set() == set());
        assert_eq!(COMPARED.with(std::cell::Cell::get), 1_000);
    }
}

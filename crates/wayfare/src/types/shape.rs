//! The types of TypeScript that values can have: [`Shape`].

use std::collections::BTreeMap;

/// A type, as TypeScript distinguishes them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// Any value: nothing more is known.
    Unknown,
    /// No value.
    Never,
    Null,
    Boolean,
    Number,
    Text,
    Bytes,
    /// A single value, in its written form.
    Literal(String),
    /// A named type, by its name in the scope.
    Named(String),
    List(Box<Shape>),
    Tuple(Tuple),
    /// A map from any key to a value.
    Map(Box<Shape>),
    Record(Record),
    /// A value of any of these types.
    Union(Vec<Alternative>),
    /// A value of all of these types.
    Both(Vec<Shape>),
}

/// A list in which each place has a type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tuple {
    pub(super) items: Vec<Shape>,
    /// The number of places that are always present.
    pub(super) required: usize,
}

/// An object with known keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record {
    pub(super) fields: Vec<Field>,
    /// True if it may have other keys, too.
    pub(super) open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) optional: bool,
    pub(super) shape: Shape,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Alternative {
    pub(super) doc: String,
    pub(super) shape: Shape,
}

impl From<Shape> for Alternative {
    fn from(shape: Shape) -> Self {
        let doc = String::new();
        Self { doc, shape }
    }
}

impl Shape {
    /// Makes a union in its shortest form.
    pub(super) fn one_of(alternatives: impl IntoIterator<Item = Alternative>) -> Self {
        let mut union: Vec<Alternative> = Vec::new();
        for alternative in alternatives {
            let inner = match alternative.shape {
                Self::Union(inner) if alternative.doc.is_empty() => inner,
                _ => vec![alternative],
            };
            for alternative in inner {
                match alternative.shape {
                    Self::Unknown => return Self::Unknown,
                    Self::Never => {}
                    _ if union.iter().any(|known| known.shape == alternative.shape) => {}
                    _ => union.push(alternative),
                }
            }
        }
        match union.as_slice() {
            [] => Self::Never,
            [only] if only.doc.is_empty() => union.remove(0).shape,
            _ => Self::Union(union),
        }
    }

    /// Makes an intersection.
    pub(super) fn all_of(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Vec::new();
        for part in parts {
            match part {
                Self::Never => return Self::Never,
                Self::Unknown => {}
                Self::Both(inner) => all.extend(inner),
                _ if all.contains(&part) => {}
                _ => all.push(part),
            }
        }
        match all.len() {
            0 => Self::Unknown,
            1 => all.remove(0),
            _ => Self::Both(all),
        }
    }

    /// Returns the direct parts, documented or not.
    pub(super) fn parts(&self) -> Vec<&Self> {
        match self {
            Self::List(item) | Self::Map(item) => vec![item],
            Self::Tuple(tuple) => tuple.items.iter().collect(),
            Self::Record(record) => record.fields.iter().map(|field| &field.shape).collect(),
            Self::Union(union) => union.iter().map(|one| &one.shape).collect(),
            Self::Both(parts) => parts.iter().collect(),
            _ => Vec::new(),
        }
    }

    fn parts_mut(&mut self) -> Vec<&mut Self> {
        match self {
            Self::List(item) | Self::Map(item) => vec![item],
            Self::Tuple(tuple) => tuple.items.iter_mut().collect(),
            Self::Record(record) => {
                let fields = record.fields.iter_mut();
                fields.map(|field| &mut field.shape).collect()
            }
            Self::Union(union) => union.iter_mut().map(|one| &mut one.shape).collect(),
            Self::Both(parts) => parts.iter_mut().collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the names in it, in the order of reading.
    pub(super) fn names(&self) -> Vec<&str> {
        match self {
            Self::Named(name) => vec![name],
            _ => self.parts().into_iter().flat_map(Self::names).collect(),
        }
    }

    /// Renames the types in it. A name without a replacement becomes `unknown`.
    pub(super) fn renamed(mut self, names: &BTreeMap<String, String>) -> Self {
        self.rename(names);
        self
    }

    fn rename(&mut self, names: &BTreeMap<String, String>) {
        if let Self::Named(name) = self {
            let new = names.get(name);
            *self = new.map_or(Self::Unknown, |new| Self::Named(new.clone()));
        }
        for part in self.parts_mut() {
            part.rename(names);
        }
    }

    /// Removes all documentation, so that types can be compared.
    pub(super) fn bare(mut self) -> Self {
        self.forget_docs();
        self
    }

    fn forget_docs(&mut self) {
        match self {
            Self::Record(record) => record.fields.iter_mut().for_each(|one| one.doc.clear()),
            Self::Union(union) => union.iter_mut().for_each(|one| one.doc.clear()),
            _ => {}
        }
        self.parts_mut().into_iter().for_each(Self::forget_docs);
    }
}

//! What must be remembered about a value besides its content.

/// A set of marks; operations on marked values give values with the union of their marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Marks(u8);

impl Marks {
    /// No mark.
    pub const NONE: Self = Self(0);
    /// Never shown to a person.
    pub const SENSITIVE: Self = Self(1);
    /// Never written anywhere: neither plan, state, journal, log nor terminal.
    pub const EPHEMERAL: Self = Self(2);

    /// The marks of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The marks of `self` that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// True when every mark of `other` is in `self`.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// True when there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True when the value must not be shown.
    pub const fn is_sensitive(self) -> bool {
        self.contains(Self::SENSITIVE)
    }

    /// True when the value must not be stored.
    pub const fn is_ephemeral(self) -> bool {
        self.contains(Self::EPHEMERAL)
    }
}

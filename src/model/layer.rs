//! Simulcast: one picture that is sent in several sizes at once (RFC 8853), each a layer.

/// The layers of a track of pictures.
pub const LAYERS: usize = 3;

/// One layer: 0 is the smallest. A track that is sent once has the lowest alone; so has sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Layer(u8);

impl Layer {
    /// The smallest.
    pub const LOWEST: Self = Self(0);
    /// The largest there can be.
    pub const HIGHEST: Self = Self(LAYERS as u8 - 1);
    /// All there can be, the smallest first.
    pub const ALL: [Self; LAYERS] = [Self(0), Self(1), Self(2)];

    /// The layer with this number.
    pub const fn new(number: usize) -> Option<Self> {
        if number < LAYERS { Some(Self(number as u8)) } else { None }
    }

    /// Its number.
    pub const fn number(self) -> usize {
        self.0 as usize
    }

    /// The next smaller one.
    pub const fn below(self) -> Option<Self> {
        match self.0 {
            0 => None,
            number => Some(Self(number - 1)),
        }
    }
}

/// A set of layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layers(u8);

impl Layers {
    /// No layer.
    pub const NONE: Self = Self(0);
    /// Every layer there can be.
    pub const ALL: Self = Self((1 << LAYERS) - 1);

    /// One layer.
    pub const fn only(layer: Layer) -> Self {
        Self(1 << layer.0)
    }

    /// Those up to this one.
    pub const fn up_to(layer: Layer) -> Self {
        Self((1 << (layer.0 + 1)) - 1)
    }

    /// As bits, the lowest layer first.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// From bits, of which those above the layers count for nothing.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// Those of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of them that there are. One that is larger than any there is means the largest.
    #[must_use]
    pub fn of(self, there: Self) -> Self {
        let largest = there.highest().filter(|largest| self.highest().is_some_and(|mine| mine > *largest));
        Self(self.0 & there.0).and(largest.map_or(Self::NONE, Self::only))
    }

    /// Whether it is one of them.
    pub const fn has(self, layer: Layer) -> bool {
        self.0 & (1 << layer.0) != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The largest of them.
    pub fn highest(self) -> Option<Layer> {
        Layer::ALL.into_iter().rev().find(|layer| self.has(*layer))
    }

    /// Each of them, the smallest first.
    pub fn iter(self) -> impl Iterator<Item = Layer> {
        Layer::ALL.into_iter().filter(move |layer| self.has(*layer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_in() {
        let [low, middle, high] = Layer::ALL;
        assert_eq!(Layers::up_to(middle).iter().collect::<Vec<_>>(), [low, middle]);
        assert_eq!(Layers::only(low).and(Layers::only(high)).highest(), Some(high));
        assert_eq!(Layers::NONE.highest(), None);
        let two = Layers::up_to(middle);
        assert_eq!(Layers::ALL.of(two), two);
        assert_eq!(Layers::only(high).of(two), Layers::only(middle));
        assert_eq!((Layers::only(low).of(two), Layers::NONE.of(two)), (Layers::only(low), Layers::NONE));
        assert_eq!(Layers::from_bits(0xff), Layers::ALL);
        assert_eq!((Layer::new(3), high.below(), low.below()), (None, Some(middle), None));
    }
}

//! What is sent: a number that both sides can add up, in messages of three sizes.

/// A message of one of the three sizes.
pub(crate) trait Message: Clone + Default + Send + Sync + Unpin + 'static {
    /// Whether it travels in every row. The large ones are in rows of throughput between threads
    /// alone or tasks alone; what no row runs need not be compiled.
    const EVERYWHERE: bool = false;

    fn carrying(number: usize) -> Self;

    /// The number it was made with. A message whose parts do not belong together carries another,
    /// so that the sums of the two sides differ.
    fn number(&self) -> usize;
}

/// How large the messages of a row are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// `usize`, 8 bytes.
    Word,
    /// `Wide<8>`, 64 bytes: a cache line.
    Line,
    /// `Wide<128>`, 1 KiB.
    Kibibyte,
}

impl Size {
    /// The name in the rows; rows of the smallest messages go without.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Word => None,
            Self::Line => Some("64B"),
            Self::Kibibyte => Some("1KiB"),
        }
    }

    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Word => size_of::<usize>(),
            Self::Line => size_of::<Wide<8>>(),
            Self::Kibibyte => size_of::<Wide<128>>(),
        }
    }
}

impl Message for usize {
    const EVERYWHERE: bool = true;

    #[inline]
    fn carrying(number: usize) -> Self {
        number
    }

    #[inline]
    fn number(&self) -> usize {
        *self
    }
}

/// A message of some words, passed by value.
#[derive(Clone, Debug)]
pub(crate) struct Wide<const WORDS: usize>([usize; WORDS]);

impl<const WORDS: usize> Default for Wide<WORDS> {
    fn default() -> Self {
        Self([0; WORDS])
    }
}

impl<const WORDS: usize> Message for Wide<WORDS> {
    #[inline]
    fn carrying(number: usize) -> Self {
        Self([number; WORDS])
    }

    #[inline]
    fn number(&self) -> usize {
        let Self(words) = self;
        if words[0] == words[WORDS - 1] {
            words[0]
        } else {
            usize::MAX
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, Size, Wide};

    #[test]
    fn every_size_carries_its_number() {
        assert_eq!(usize::carrying(7).number(), 7);
        assert_eq!(Wide::<8>::carrying(7).number(), 7);
        assert_eq!(Wide::<128>::carrying(7).number(), 7);
    }

    #[test]
    fn the_sizes_are_what_the_rows_say() {
        let bytes = [Size::Word, Size::Line, Size::Kibibyte].map(Size::bytes);
        assert_eq!(bytes, [8, 64, 1024]);
    }

    #[test]
    fn a_torn_message_carries_another_number() {
        let mut torn = Wide::<8>::carrying(7);
        torn.0[7] = 8;
        assert_ne!(torn.number(), 7);
    }
}

//! Looking for a text in a stream of pieces.

/// Looks for any of a few short texts in pieces that come one after another, across their borders.
#[derive(Clone, Debug)]
pub struct Search {
    texts: Vec<Vec<u8>>,
    /// The last bytes that were read: as many as a match could still start in.
    tail: Vec<u8>,
    tail_bytes_max: usize,
}

impl Search {
    /// Looks for any of these.
    #[must_use]
    pub fn for_any(texts: &[&str]) -> Self {
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        Self {
            texts: texts.iter().map(|text| text.as_bytes().to_vec()).collect(),
            tail: Vec::new(),
            tail_bytes_max: longest.saturating_sub(1),
        }
    }

    /// Takes the next piece and returns whether a text ends in it.
    pub fn feed(&mut self, piece: &[u8]) -> bool {
        // Only the border is copied: what could begin in the tail ends within as many bytes of the
        // piece.
        let border = piece.len().min(self.tail_bytes_max);
        self.tail.extend_from_slice(&piece[..border]);
        let found = self.stands_in(&self.tail) || self.stands_in(piece);
        if border < piece.len() {
            self.tail.clear();
            self.tail
                .extend_from_slice(&piece[piece.len() - self.tail_bytes_max..]);
        } else {
            let surplus = self.tail.len().saturating_sub(self.tail_bytes_max);
            self.tail.drain(..surplus);
        }
        found
    }

    fn stands_in(&self, piece: &[u8]) -> bool {
        let begins = |text: &[u8]| {
            let Some((first, _)) = text.split_first() else {
                return true;
            };
            let mut rest = piece;
            while let Some(at) = rest.iter().position(|byte| byte == first) {
                rest = &rest[at..];
                if rest.starts_with(text) {
                    return true;
                }
                rest = &rest[1..];
            }
            false
        };
        self.texts.iter().any(|text| begins(text))
    }
}

#[cfg(test)]
mod tests;

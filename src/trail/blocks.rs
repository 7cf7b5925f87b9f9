//! JSON structure, 64 bytes at a time: where the strings end and where brackets stand outside them.
//!
//! The one place where every byte of an archive is looked at, so it does nothing else. Blocks must
//! be taken in order from a place outside any string, because whether a bracket counts depends on
//! every quote before it. Method: Langdale and Lemire, "Parsing gigabytes of JSON per second"
//! (VLDB Journal 28, 2019), its first stage.

use wide::u8x64;

/// Bytes in a block: one bit each in a mask.
const BLOCK: usize = 64;

const EVEN: u64 = 0x5555_5555_5555_5555;

/// The structure of one block at a time; bit `n` speaks of byte `base + n`.
pub(super) struct Blocks<'a> {
    text: &'a [u8],
    /// Offset of the current block.
    base: usize,
    /// Quotes that open or close a string.
    quotes: u64,
    backslashes: u64,
    /// `{` and `[` outside strings.
    opens: u64,
    /// `}` and `]` outside strings.
    closes: u64,
    /// All ones when the block before ended inside a string.
    in_string: u64,
    /// 1 when the block before ended with a backslash that escapes the first byte of this one.
    escape: u64,
    /// End of the last block that held a byte above 127.
    beyond_ascii: usize,
}

impl<'a> Blocks<'a> {
    /// Starts at `from`, which must be outside any string.
    pub(super) fn new(text: &'a [u8], from: usize) -> Self {
        let mut blocks = Self {
            text,
            base: from,
            quotes: 0,
            backslashes: 0,
            opens: 0,
            closes: 0,
            in_string: 0,
            escape: 0,
            beyond_ascii: 0,
        };
        blocks.load();
        blocks
    }

    /// The whole text.
    pub(super) fn text(&self) -> &'a [u8] {
        self.text
    }

    /// Whether any byte from `start` to the current block may be above 127.
    pub(super) fn is_beyond_ascii(&self, start: usize) -> bool {
        self.beyond_ascii > start
    }

    #[inline(always)]
    fn load(&mut self) {
        let rest = self.text.get(self.base..).unwrap_or_default();
        match rest.first_chunk::<BLOCK>() {
            Some(block) => self.read(block),
            None => {
                let mut block = [b' '; BLOCK];
                for (to, from) in block.iter_mut().zip(rest) {
                    *to = *from;
                }
                self.read(&block);
            }
        }
    }

    #[inline(always)]
    fn read(&mut self, block: &[u8; BLOCK]) {
        let bytes = u8x64::new(*block);
        let is = |byte: u8, bytes: u8x64| bytes.simd_eq(u8x64::splat(byte)).to_bitmask();
        let backslashes = is(b'\\', bytes);
        // `[` and `{`, and `]` and `}`, differ in this bit only.
        let folded = bytes | u8x64::splat(0x20);
        let quotes = is(b'"', bytes) & !self.escaped(backslashes);
        let inside = prefix_xor(quotes) ^ self.in_string;
        // The top bit, spread over the mask.
        self.in_string = ((inside as i64) >> 63) as u64;
        self.quotes = quotes;
        self.backslashes = backslashes;
        self.opens = is(b'{', folded) & !inside;
        self.closes = is(b'}', folded) & !inside;
        if bytes.to_bitmask() != 0 {
            self.beyond_ascii = self.base + BLOCK;
        }
    }

    /// The bytes that a backslash escapes: those behind a run of backslashes of odd length.
    #[inline(always)]
    fn escaped(&mut self, backslashes: u64) -> u64 {
        if backslashes == 0 {
            return std::mem::take(&mut self.escape);
        }
        let backslashes = backslashes & !self.escape;
        let follows = (backslashes << 1) | self.escape;
        let odd_starts = backslashes & !EVEN & !follows;
        let (even_runs, overflow) = odd_starts.overflowing_add(backslashes);
        self.escape = u64::from(overflow);
        (EVEN ^ (even_runs << 1)) & follows
    }

    #[inline(always)]
    fn advance(&mut self) -> bool {
        self.base += BLOCK;
        if self.base >= self.text.len() {
            return false;
        }
        self.load();
        true
    }

    /// Makes the block that holds `at` the current one; `at` must not lie before it.
    #[inline(always)]
    fn seek(&mut self, at: usize) -> bool {
        while at >= self.base + BLOCK {
            if !self.advance() {
                return false;
            }
        }
        true
    }

    /// The closing quote of the string that opens at `at`, and whether it holds a backslash.
    #[inline(always)]
    pub(super) fn string(&mut self, at: usize) -> Option<(usize, bool)> {
        if !self.seek(at) {
            return None;
        }
        let from = (u64::MAX << (at - self.base)) << 1;
        let mut quotes = self.quotes & from;
        let mut backslashes = self.backslashes & from;
        let mut has_escape = false;
        loop {
            if quotes != 0 {
                let close = quotes.trailing_zeros();
                has_escape |= backslashes & !(u64::MAX << close) != 0;
                return Some((self.base + close as usize, has_escape));
            }
            has_escape |= backslashes != 0;
            if !self.advance() {
                return None;
            }
            quotes = self.quotes;
            backslashes = self.backslashes;
        }
    }

    /// The closing bracket of the object or list that opens at `at`. Kinds of brackets are not
    /// compared: in sound JSON they agree.
    #[inline(always)]
    pub(super) fn container(&mut self, at: usize) -> Option<usize> {
        if !self.seek(at) {
            return None;
        }
        let from = (u64::MAX << (at - self.base)) << 1;
        let (mut opens, mut closes) = (self.opens & from, self.closes & from);
        let mut depth = 1u32;
        loop {
            if depth > closes.count_ones() {
                // Even if all of them came first, the end is not in this block.
                depth = depth + opens.count_ones() - closes.count_ones();
            } else {
                let mut both = opens | closes;
                while both != 0 {
                    let lowest = both & both.wrapping_neg();
                    if closes & lowest != 0 {
                        depth -= 1;
                        if depth == 0 {
                            return Some(self.base + lowest.trailing_zeros() as usize);
                        }
                    } else {
                        depth += 1;
                    }
                    both ^= lowest;
                }
            }
            if !self.advance() {
                return None;
            }
            opens = self.opens;
            closes = self.closes;
        }
    }
}

/// Each bit the parity of itself and all bits below: ones from an opening quote to its closing one.
#[inline(always)]
fn prefix_xor(bits: u64) -> u64 {
    let mut bits = bits;
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^= bits << 32;
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same answers, one byte after the other.
    fn plain_string(text: &[u8], at: usize) -> Option<(usize, bool)> {
        let mut at = at + 1;
        let mut has_escape = false;
        loop {
            match text.get(at)? {
                b'"' => return Some((at, has_escape)),
                b'\\' => {
                    has_escape = true;
                    at += 2;
                }
                _ => at += 1,
            }
        }
    }

    fn plain_container(text: &[u8], at: usize) -> Option<usize> {
        let mut at = at;
        let mut depth = 0;
        loop {
            match text.get(at)? {
                b'"' => at = plain_string(text, at)?.0,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at);
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn every_string_and_bracket_is_found_as_by_hand(
            text in "[\\{\\}\\[\\]\"\\\\a é]{0,400}", lead in 0usize..70,
        ) {
            let text = format!("{}{text}", " ".repeat(lead)).into_bytes();
            let mut at = 0;
            let mut blocks = Blocks::new(&text, 0);
            // Strings in order, as far as they go; backslashes outside strings are no JSON.
            while let Some(byte) = text.get(at) {
                match byte {
                    b'"' => {
                        let expected = plain_string(&text, at);
                        prop_assert_eq!(blocks.string(at), expected);
                        let Some((end, _)) = expected else { break };
                        at = end + 1;
                    }
                    b'\\' => break,
                    _ => at += 1,
                }
            }
            if let Some(open) = text.iter().position(|byte| matches!(byte, b'{' | b'['))
                && !text.get(..open).unwrap().iter().any(|byte| matches!(byte, b'"' | b'\\'))
            {
                let expected = plain_container(&text, open);
                let between = text.get(open..expected.unwrap_or(text.len())).unwrap();
                let mut bare = between.to_vec();
                // Only what stands inside strings may hold backslashes.
                while let Some(start) = bare.iter().position(|byte| *byte == b'"') {
                    let Some((end, _)) = plain_string(&bare, start) else { break };
                    bare.drain(start..=end);
                }
                if !bare.contains(&b'\\') {
                    prop_assert_eq!(Blocks::new(&text, 0).container(open), expected);
                }
            }
        }
    }
}

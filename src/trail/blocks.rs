//! JSON structure, 64 bytes at a time: where the strings end and where brackets stand outside them.
//!
//! The one place where every byte of an archive is looked at, so it does nothing else. Blocks must
//! be taken in order from a place outside any string, because whether a bracket counts depends on
//! every quote before it. Method: Langdale and Lemire, "Parsing gigabytes of JSON per second"
//! (VLDB Journal 28, 2019), its first stage.

use wide::u8x64;

/// Bytes in a block: one bit each in a mask.
pub(super) const BLOCK: usize = 64;

const EVEN: u64 = 0x5555_5555_5555_5555;

/// Where the bytes that matter stand in a block, strings or not.
pub(super) struct Masks {
    quotes: u64,
    backslashes: u64,
    /// `{` and `[`.
    opens: u64,
    /// `}` and `]`.
    closes: u64,
    beyond_ascii: bool,
}

/// How a machine finds the masks of a block and the parity of their bits.
///
/// Closures, because those written inside a function compiled for certain machines are compiled
/// for them too, and are inlined there.
pub(super) struct Machine<M, X> {
    pub(super) masks: M,
    pub(super) parity: X,
}

/// Masks on any machine.
#[inline(always)]
pub(super) fn portable(block: &[u8; BLOCK]) -> Masks {
    let bytes = u8x64::new(*block);
    let is = |byte: u8, bytes: u8x64| bytes.simd_eq(u8x64::splat(byte)).to_bitmask();
    // `[` and `{`, and `]` and `}`, differ in this bit only.
    let folded = bytes | u8x64::splat(0x20);
    Masks {
        quotes: is(b'"', bytes),
        backslashes: is(b'\\', bytes),
        opens: is(b'{', folded),
        closes: is(b'}', folded),
        // The mask of the top bits.
        beyond_ascii: bytes.to_bitmask() != 0,
    }
}

/// The same in half the steps, for machines with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
#[inline]
pub(super) fn avx2(block: &[u8; BLOCK]) -> Masks {
    use std::arch::x86_64::{
        __m256i, _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
    };
    let [low, high]: [__m256i; 2] = bytemuck::cast(*block);
    // A macro, because a closure or a generic function would be compiled for any machine.
    macro_rules! mask {
        ($low:expr, $high:expr) => {
            u64::from(_mm256_movemask_epi8($low).cast_unsigned())
                | (u64::from(_mm256_movemask_epi8($high).cast_unsigned()) << 32)
        };
    }
    macro_rules! is {
        ($byte:literal, $low:expr, $high:expr) => {{
            let byte = _mm256_set1_epi8($byte as i8);
            mask!(
                _mm256_cmpeq_epi8($low, byte),
                _mm256_cmpeq_epi8($high, byte)
            )
        }};
    }
    let bit = _mm256_set1_epi8(0x20);
    let (folded_low, folded_high) = (_mm256_or_si256(low, bit), _mm256_or_si256(high, bit));
    Masks {
        quotes: is!(b'"', low, high),
        backslashes: is!(b'\\', low, high),
        opens: is!(b'{', folded_low, folded_high),
        closes: is!(b'}', folded_low, folded_high),
        beyond_ascii: _mm256_movemask_epi8(_mm256_or_si256(low, high)) != 0,
    }
}

/// The same in one step each, for machines with AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
#[inline]
pub(super) fn avx512(block: &[u8; BLOCK]) -> Masks {
    use std::arch::x86_64::{
        _mm512_cmpeq_epi8_mask, _mm512_movepi8_mask, _mm512_or_si512, _mm512_set_epi64,
        _mm512_set1_epi8,
    };
    let [a, b, c, d, e, f, g, h]: [i64; 8] = bytemuck::cast(*block);
    let bytes = _mm512_set_epi64(h, g, f, e, d, c, b, a);
    let folded = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
    Masks {
        quotes: _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'"' as i8)),
        backslashes: _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'\\' as i8)),
        opens: _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8(b'{' as i8)),
        closes: _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8(b'}' as i8)),
        beyond_ascii: _mm512_movepi8_mask(bytes) != 0,
    }
}

/// [`prefix_xor`] by a multiplication without carries with all ones.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "pclmulqdq")]
#[inline]
pub(super) fn multiplied(bits: u64) -> u64 {
    use std::arch::x86_64::{_mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_set_epi64x};
    let product =
        _mm_clmulepi64_si128::<0>(_mm_set_epi64x(0, bits.cast_signed()), _mm_set_epi64x(0, -1));
    _mm_cvtsi128_si64(product).cast_unsigned()
}

/// The structure of one block at a time; bit `n` speaks of byte `base + n`.
#[derive(Clone, Copy)]
pub(super) struct Blocks<'a> {
    text: &'a [u8],
    /// Offset of the current block.
    base: usize,
    /// Whether the first block was looked at.
    is_started: bool,
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
    /// End of the last block that held a backslash.
    backslash: usize,
}

impl<'a> Blocks<'a> {
    /// Starts at `from`, which must be outside any string.
    pub(super) fn new(text: &'a [u8], from: usize) -> Self {
        Self {
            text,
            base: from,
            is_started: false,
            quotes: 0,
            backslashes: 0,
            opens: 0,
            closes: 0,
            in_string: 0,
            escape: 0,
            beyond_ascii: 0,
            backslash: 0,
        }
    }

    /// The whole text.
    #[inline(always)]
    pub(super) fn text(&self) -> &'a [u8] {
        self.text
    }

    /// Whether any byte from `start` to the current block may be above 127.
    #[inline(always)]
    pub(super) fn is_beyond_ascii(&self, start: usize) -> bool {
        self.beyond_ascii > start
    }

    /// Whether any byte from `start` to the current block may be a backslash.
    #[inline(always)]
    pub(super) fn has_backslash(&self, start: usize) -> bool {
        self.backslash > start
    }

    #[inline(always)]
    fn load(&mut self, with: &Machine<impl Fn(&[u8; BLOCK]) -> Masks, impl Fn(u64) -> u64>) {
        let rest = self.text.get(self.base..).unwrap_or_default();
        let masks = match rest.first_chunk::<BLOCK>() {
            Some(block) => (with.masks)(block),
            None => (with.masks)(&padded(rest)),
        };
        let quotes = masks.quotes & !self.escaped(masks.backslashes);
        let inside = (with.parity)(quotes) ^ self.in_string;
        // The top bit, spread over the mask.
        self.in_string = ((inside as i64) >> 63) as u64;
        self.quotes = quotes;
        self.backslashes = masks.backslashes;
        self.opens = masks.opens & !inside;
        self.closes = masks.closes & !inside;
        if masks.beyond_ascii {
            self.beyond_ascii = self.base + BLOCK;
        }
    }

    /// The bytes that a backslash escapes: those behind a run of backslashes of odd length.
    #[inline(always)]
    fn escaped(&mut self, backslashes: u64) -> u64 {
        if backslashes == 0 {
            return std::mem::take(&mut self.escape);
        }
        self.backslash = self.base + BLOCK;
        let backslashes = backslashes & !self.escape;
        let follows = (backslashes << 1) | self.escape;
        let odd_starts = backslashes & !EVEN & !follows;
        let (even_runs, overflow) = odd_starts.overflowing_add(backslashes);
        self.escape = u64::from(overflow);
        (EVEN ^ (even_runs << 1)) & follows
    }

    #[inline(always)]
    fn advance(
        &mut self,
        with: &Machine<impl Fn(&[u8; BLOCK]) -> Masks, impl Fn(u64) -> u64>,
    ) -> bool {
        self.base += BLOCK;
        if self.base >= self.text.len() {
            return false;
        }
        self.load(with);
        true
    }

    /// Makes the block that holds `at` the current one; `at` must not lie before it.
    #[inline(always)]
    fn seek(
        &mut self,
        at: usize,
        with: &Machine<impl Fn(&[u8; BLOCK]) -> Masks, impl Fn(u64) -> u64>,
    ) -> bool {
        if !self.is_started {
            self.is_started = true;
            self.load(with);
        }
        while at >= self.base + BLOCK {
            if !self.advance(with) {
                return false;
            }
        }
        true
    }

    /// The closing quote of the string that opens at `at`, and whether it holds a backslash.
    #[inline(always)]
    pub(super) fn string(
        &mut self,
        at: usize,
        with: &Machine<impl Fn(&[u8; BLOCK]) -> Masks, impl Fn(u64) -> u64>,
    ) -> Option<(usize, bool)> {
        // Most strings end in the block that is loaded.
        let into = at.wrapping_sub(self.base);
        if into < BLOCK && self.is_started {
            let from = (u64::MAX << into) << 1;
            let quotes = self.quotes & from;
            if quotes != 0 {
                let close = quotes.trailing_zeros();
                let escapes = self.backslashes & from & !(u64::MAX << close);
                return Some((self.base + close as usize, escapes != 0));
            }
        }
        // The others are worked on as a copy, which stays in registers.
        let mut now = *self;
        if !now.seek(at, with) {
            return None;
        }
        let from = (u64::MAX << (at - now.base)) << 1;
        let mut quotes = now.quotes & from;
        let mut backslashes = now.backslashes & from;
        let mut has_escape = false;
        while quotes == 0 {
            has_escape |= backslashes != 0;
            if !now.advance(with) {
                return None;
            }
            quotes = now.quotes;
            backslashes = now.backslashes;
        }
        let close = quotes.trailing_zeros();
        has_escape |= backslashes & !(u64::MAX << close) != 0;
        *self = now;
        Some((now.base + close as usize, has_escape))
    }

    /// The closing bracket of the object or list that opens at `at`, of the same kind: one bracket too
    /// few inside makes it end with that of a list around it, and swallow what lies between. Kinds of
    /// brackets inside are not compared.
    #[inline(always)]
    pub(super) fn container(
        &mut self,
        at: usize,
        with: &Machine<impl Fn(&[u8; BLOCK]) -> Masks, impl Fn(u64) -> u64>,
    ) -> Option<usize> {
        let mut now = *self;
        if !now.seek(at, with) {
            return None;
        }
        let from = (u64::MAX << (at - now.base)) << 1;
        let (mut opens, mut closes) = (now.opens & from, now.closes & from);
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
                            *self = now;
                            let close = now.base + lowest.trailing_zeros() as usize;
                            return is_pair(now.text, at, close).then_some(close);
                        }
                    } else {
                        depth += 1;
                    }
                    both ^= lowest;
                }
            }
            if !now.advance(with) {
                return None;
            }
            opens = now.opens;
            closes = now.closes;
        }
    }
}

/// Whether the brackets at two places belong together; `{` and `}` are two apart, as `[` and `]` are.
#[inline(always)]
fn is_pair(text: &[u8], open: usize, close: usize) -> bool {
    let (open, close) = (text.get(open).copied(), text.get(close).copied());
    open.zip(close)
        .is_some_and(|(open, close)| close == open.wrapping_add(2))
}

/// The end of a text as a block.
#[inline(never)]
fn padded(rest: &[u8]) -> [u8; BLOCK] {
    let mut block = [b' '; BLOCK];
    for (to, from) in block.iter_mut().zip(rest) {
        *to = *from;
    }
    block
}

/// Each bit the parity of itself and all bits below: ones from an opening quote to its closing one.
#[inline(always)]
pub(super) fn prefix_xor(bits: u64) -> u64 {
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

    type Any = Machine<fn(&[u8; BLOCK]) -> Masks, fn(u64) -> u64>;

    const ANY: Any = Machine {
        masks: portable,
        parity: prefix_xor,
    };

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
                        prop_assert_eq!(blocks.string(at, &ANY), expected);
                        let Some((end, _)) = expected else { break };
                        at = end + 1;
                    }
                    b'\\' => break,
                    _ => at += 1,
                }
            }
            if let Some(open) = text.iter().position(|byte| matches!(byte, b'{' | b'['))
                && !text[..open].iter().any(|byte| matches!(byte, b'"' | b'\\'))
            {
                let expected = plain_container(&text, open);
                let between = &text[open..expected.unwrap_or(text.len())];
                let mut bare = between.to_vec();
                // Only what stands inside strings may hold backslashes.
                while let Some(start) = bare.iter().position(|byte| *byte == b'"') {
                    let Some((end, _)) = plain_string(&bare, start) else { break };
                    bare.drain(start..=end);
                }
                if !bare.contains(&b'\\') {
                    let expected = expected.filter(|close| is_pair(&text, open, *close));
                    prop_assert_eq!(Blocks::new(&text, 0).container(open, &ANY), expected);
                }
            }
        }
    }
}

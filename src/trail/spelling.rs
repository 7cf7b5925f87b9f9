//! Keys as a writer spells them, so that the next one is read by one comparison; and what the
//! machine can do, found out once.
//!
//! A remembered spelling saves time and decides nothing: what does not fit is read by its bytes.

use super::lead::Lead;
use super::slots::{Key, STEADY, steady};

/// A key as it was spelled before, from its quote to the first byte of its value, and the key that
/// came after it the last time. One writer writes all records alike, so the next key is mostly the
/// expected one, and one comparison reads it.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(128))]
pub(super) struct Spelling {
    words: [u64; 4],
    mask: [u64; 4],
    pub(super) len: usize,
    pub(super) key: Option<Key>,
    /// Which of the keys whose values hardly change it is.
    pub(super) steady: Option<usize>,
    /// The numbers of the keys that came after it the last two times they differed.
    pub(super) next: [u8; 2],
}

/// Bytes of a spelling that can be remembered.
pub(super) const SPELLING: usize = 32;
/// Spellings remembered.
pub(super) const SPELLINGS: usize = 64;

impl Spelling {
    /// Fits nothing: no text holds these bytes.
    const NONE: Self = Self {
        words: [u64::MAX; 4],
        mask: [u64::MAX; 4],
        len: 0,
        key: None,
        steady: None,
        next: [0; 2],
    };

    /// Whether the bytes begin with this spelling.
    #[inline(always)]
    pub(super) fn fits(&self, bytes: &[u8; SPELLING]) -> bool {
        let words: [u64; 4] = bytemuck::cast(*bytes);
        let mut differ = 0;
        for ((word, own), mask) in words.iter().zip(&self.words).zip(&self.mask) {
            differ |= (word ^ own) & mask;
        }
        differ == 0
    }

    pub(super) fn of(bytes: &[u8; SPELLING], len: usize, key: Option<Key>) -> Self {
        let mut mask = [0u8; SPELLING];
        for byte in mask.iter_mut().take(len) {
            *byte = 0xff;
        }
        let mut own = *bytes;
        for (byte, mask) in own.iter_mut().zip(mask) {
            *byte &= mask;
        }
        Self {
            words: bytemuck::cast(own),
            mask: bytemuck::cast(mask),
            len,
            key,
            steady: key.and_then(steady),
            next: [0; 2],
        }
    }
}

/// The value a steady key had the last time, quotes included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value {
    bytes: Spelling,
    /// Another number for every value remembered; 0 for none.
    pub(super) id: u32,
}

impl Value {
    const NONE: Self = Self {
        bytes: Spelling::NONE,
        id: 0,
    };

    /// The length of the value if it stands at the beginning of the bytes again. It holds no
    /// backslash and no quote but the two around it, so equal bytes are the same string.
    #[inline(always)]
    pub(super) fn fits(&self, bytes: &[u8; SPELLING]) -> Option<usize> {
        self.bytes.fits(bytes).then_some(self.bytes.len)
    }
}

/// Keys as a writer spells them, remembered from one text to the next.
#[derive(Debug, Clone)]
pub(super) struct Spellings {
    /// The first stands for the beginning of an object.
    pub(super) list: Box<[Spelling; SPELLINGS]>,
    pub(super) used: usize,
    /// The last values of the steady keys.
    pub(super) values: Box<[Value; STEADY]>,
    /// Whether values are remembered: only where whoever asks for them knows their numbers.
    pub(super) remembers_values: bool,
    last_id: u32,
    pub(super) level: Level,
    /// How the parameters of the call before began.
    pub(super) lead: Lead,
}

impl Spellings {
    /// Remembers the `len` bytes a text begins with as the spelling that follows `before`; its
    /// number, 0 when there is no room.
    pub(super) fn remember(
        &mut self,
        before: usize,
        text: &[u8],
        len: usize,
        key: Option<Key>,
    ) -> usize {
        let Some(bytes) = text.first_chunk().filter(|_| is_memorable(text, len)) else {
            return 0;
        };
        let known = self
            .list
            .iter()
            .take(self.used)
            .position(|known| known.len == len && known.fits(bytes));
        let number = match known {
            Some(number) => number,
            None if self.used < SPELLINGS => {
                let number = self.used;
                self.used += 1;
                self.list[number % SPELLINGS] = Spelling::of(bytes, len, key);
                number
            }
            None => return 0,
        };
        let next = &mut self.list[before % SPELLINGS].next;
        *next = [number as u8, next[0]];
        number
    }

    /// Remembers the value of a steady key; its number.
    #[cold]
    #[inline(never)]
    pub(super) fn remember_value(&mut self, steady: usize, text: &[u8], len: usize) -> u32 {
        let (Some(value), Some(bytes)) = (self.values.get_mut(steady), text.first_chunk()) else {
            return 0;
        };
        if !is_memorable(text, len) || !self.remembers_values {
            return 0;
        }
        // After four billion changes of value none is remembered any more.
        let Some(id) = self.last_id.checked_add(1) else {
            *value = Value::NONE;
            return 0;
        };
        self.last_id = id;
        *value = Value {
            bytes: Spelling::of(bytes, len, None),
            id,
        };
        id
    }
}

/// Whether the `len` bytes a text begins with may be passed over when they come again. Bytes beyond ASCII
/// may be no text at all, which shows only where they are looked at.
fn is_memorable(text: &[u8], len: usize) -> bool {
    len <= SPELLING && text.get(..len).is_some_and(<[u8]>::is_ascii)
}

impl Default for Spellings {
    fn default() -> Self {
        Self {
            list: Box::new([Spelling::NONE; SPELLINGS]),
            used: 1,
            values: Box::new([Value::NONE; STEADY]),
            remembers_values: false,
            last_id: 0,
            level: Level::found(),
            lead: Lead::default(),
        }
    }
}

/// What the machine can do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Level {
    Any,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    pub(super) fn found() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt")
            && is_x86_feature_detected!("pclmulqdq")
        {
            let has_avx512 =
                is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
            return if has_avx512 { Self::Avx512 } else { Self::Avx2 };
        }
        Self::Any
    }
}

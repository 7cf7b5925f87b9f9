//! Event text cut into the few kinds of words that matter for a stated time.
//!
//! It must survive any text: everything not understood is a plain word or nothing.

/// One piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// Letters, lower case; also the dashes that join two times.
    Word(String),
    /// A number that is neither time nor date: a day or a year, perhaps.
    Number(u32),
    /// A time of day as written.
    Clock(Clock),
    /// A complete or year-less date in figures.
    Date(Date),
    Comma,
    Open,
    Close,
    /// End of a sentence.
    Stop,
}

/// A time of day as written; `pm` is absent on a 24-hour clock, or when AM/PM is left to the other
/// end of the span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) hour: u32,
    pub(super) minute: u32,
    pub(super) pm: Option<bool>,
}

/// A date as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: Option<i32>,
    pub(super) month: u32,
    pub(super) day: u32,
}

/// The tokens of a text in order.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let letters: Vec<char> = text.chars().collect();
    let mut reader = Reader { letters, at: 0 };
    let mut out = Vec::new();
    while let Some(letter) = reader.peek(0) {
        if letter.is_ascii_digit() {
            out.push(reader.figure());
        } else if letter.is_alphabetic() {
            out.push(Token::Word(reader.word()));
        } else {
            if let Some(token) = reader.sign(letter) {
                out.push(token);
            }
            reader.at += 1;
        }
    }
    out
}

struct Reader {
    letters: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.letters.get(self.at.checked_add(ahead)?).copied()
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(letter) = self.peek(0).filter(|c| c.is_alphabetic() || *c == '\'') {
            word.extend(letter.to_lowercase());
            self.at += 1;
        }
        word
    }

    fn sign(&self, letter: char) -> Option<Token> {
        let next = self.peek(1);
        match letter {
            ',' => Some(Token::Comma),
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            '-' | '–' | '—' => Some(Token::Word("-".to_owned())),
            '[' | ']' => Some(Token::Stop),
            '.' | '!' | '?' | ';' if next.is_none_or(char::is_whitespace) => Some(Token::Stop),
            // A wrapped line is one sentence, an empty line ends it.
            '\n' if next == Some('\n') => Some(Token::Stop),
            _ => None,
        }
    }

    /// Digits from here, at most nine (longer runs are no time or date and only need to be passed).
    fn digits(&mut self) -> (u32, usize) {
        let (mut value, mut count) = (0u32, 0usize);
        while let Some(digit) = self.peek(0).and_then(|c| c.to_digit(10)) {
            value = value.saturating_mul(10).saturating_add(digit);
            count += 1;
            self.at += 1;
        }
        (value, count)
    }

    fn figure(&mut self) -> Token {
        let (first, length) = self.digits();
        let digit_at =
            |reader: &Self, ahead| reader.peek(ahead).is_some_and(|c| c.is_ascii_digit());
        match self.peek(0) {
            Some(':') if length <= 2 && digit_at(self, 1) && digit_at(self, 2) => {
                self.at += 1;
                let (minute, _) = self.digits();
                if self.peek(0) == Some(':') && digit_at(self, 1) {
                    self.at += 1;
                    self.digits();
                }
                self.clock(first, minute)
            }
            Some('-') if length == 4 && digit_at(self, 1) => self.iso_date(first),
            Some('/') if length <= 2 && digit_at(self, 1) => self.us_date(first),
            _ => {
                if let Some(pm) = self.half(length <= 2) {
                    return clock_token(first, 0, Some(pm));
                }
                self.ordinal();
                Token::Number(first)
            }
        }
    }

    fn clock(&mut self, hour: u32, minute: u32) -> Token {
        let pm = self.half(true);
        clock_token(hour, minute, pm)
    }

    /// `AM`, `pm`, `a.m.` right here or after blanks; moves on only when it is there.
    fn half(&mut self, possible: bool) -> Option<bool> {
        let mut ahead = 0;
        while self.peek(ahead).is_some_and(char::is_whitespace) && ahead < 3 {
            ahead += 1;
        }
        let pm = match self.peek(ahead)?.to_ascii_lowercase() {
            'a' => false,
            'p' => true,
            _ => return None,
        };
        ahead += 1;
        let dotted = self.peek(ahead) == Some('.');
        ahead += usize::from(dotted);
        if !possible || !self.peek(ahead)?.eq_ignore_ascii_case(&'m') {
            return None;
        }
        ahead += 1;
        if self.peek(ahead).is_some_and(char::is_alphanumeric) {
            return None;
        }
        // The second dot of `a.m.` is part of it, not the end of a sentence.
        ahead += usize::from(dotted && self.peek(ahead) == Some('.'));
        self.at += ahead;
        Some(pm)
    }

    fn ordinal(&mut self) {
        let suffix: String = (0..2)
            .filter_map(|ahead| self.peek(ahead))
            .map(|c| c.to_ascii_lowercase())
            .collect();
        let ends = !self.peek(2).is_some_and(char::is_alphanumeric);
        if ends && matches!(suffix.as_str(), "st" | "nd" | "rd" | "th") {
            self.at += 2;
        }
    }

    /// `2025-10-20`, with a `T` before a time passed over.
    fn iso_date(&mut self, year: u32) -> Token {
        self.at += 1;
        let (month, _) = self.digits();
        if self.peek(0) != Some('-') {
            return Token::Number(year);
        }
        self.at += 1;
        let (day, _) = self.digits();
        if self.peek(0) == Some('T') && self.peek(1).is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        date_token(i32::try_from(year).ok(), month, day)
    }

    /// `10/20` or `10/20/2025`: AWS writes the month first.
    fn us_date(&mut self, month: u32) -> Token {
        self.at += 1;
        let (day, _) = self.digits();
        if self.peek(0) != Some('/') || !self.peek(1).is_some_and(|c| c.is_ascii_digit()) {
            return date_token(None, month, day);
        }
        self.at += 1;
        let (year, length) = self.digits();
        let year = if length == 2 { 2000 + year } else { year };
        date_token(i32::try_from(year).ok(), month, day)
    }
}

fn clock_token(hour: u32, minute: u32, pm: Option<bool>) -> Token {
    if hour > 23 || minute > 59 {
        return Token::Number(hour);
    }
    // `14:05 PM` is a 24-hour time with a slip of the pen.
    let pm = pm.filter(|_| hour <= 12);
    Token::Clock(Clock { hour, minute, pm })
}

fn date_token(year: Option<i32>, month: u32, day: u32) -> Token {
    if (1..=12).contains(&month) && (1..=31).contains(&day) {
        Token::Date(Date { year, month, day })
    } else {
        Token::Number(month)
    }
}

/// The number of an English month, in full or by three letters.
pub(super) fn month(word: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let at = MONTHS.iter().position(|month| {
        *month == word || month.get(..3) == Some(word) || (*month == "september" && word == "sept")
    })?;
    u32::try_from(at + 1).ok()
}

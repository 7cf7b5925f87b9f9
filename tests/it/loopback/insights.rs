//! Logs Insights as documented, as far as our own query files use it: the texts are parsed and run
//! over real records, so that a wrong filter gives wrong findings.
//!
//! What is not understood panics: a query that changes must be understood here first. Source:
//! CloudWatch Logs user guide, "CloudWatch Logs Insights language query syntax".

use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

/// Fields discovered in one record at most.
const DISCOVERED: usize = 200;

/// A log event.
#[derive(Debug, Clone)]
pub(crate) struct LogEvent {
    /// Time of delivery, epoch milliseconds.
    pub(crate) timestamp_ms: i64,
    pub(crate) message: String,
    /// Discovered fields: texts, as Insights hands them out; `None` when they are found anew for each
    /// query, which is slow and takes no room.
    fields: Option<BTreeMap<String, String>>,
}

impl LogEvent {
    pub(crate) fn new(timestamp_ms: i64, message: String) -> Self {
        let fields = Some(fields(&message));
        Self {
            timestamp_ms,
            message,
            fields,
        }
    }

    /// One of very many.
    pub(crate) fn bare(timestamp_ms: i64, message: String) -> Self {
        Self {
            timestamp_ms,
            message,
            fields: None,
        }
    }
}

fn fields(message: &str) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    if let Ok(value) = serde_json::from_str::<Value>(message) {
        discover("", &value, &mut fields);
    }
    fields
}

fn discover(path: &str, value: &Value, fields: &mut BTreeMap<String, String>) {
    let below = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    match value {
        _ if fields.len() >= DISCOVERED => {}
        Value::Null => {}
        Value::Object(map) => {
            for (name, value) in map {
                discover(&below(name), value, fields);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                discover(&below(&index.to_string()), value, fields);
            }
        }
        Value::Bool(flag) => {
            fields.insert(path.to_owned(), u8::from(*flag).to_string());
        }
        Value::Number(number) => {
            fields.insert(path.to_owned(), number.to_string());
        }
        Value::String(text) => {
            fields.insert(path.to_owned(), text.clone());
        }
    }
}

/// One row of an answer: the index of the event when it is one, and the fields in order.
pub(crate) type Row = (Option<usize>, Vec<(String, String)>);

/// An answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) rows: Vec<Row>,
    /// Events that passed the filters.
    pub(crate) matched: u64,
    pub(crate) scanned: u64,
    pub(crate) bytes: u64,
}

#[derive(Debug)]
enum Command {
    Fields(Vec<(Expr, String)>),
    Filter(Expr),
    Stats(Vec<(Expr, String)>, Vec<(Expr, String)>),
    Sort(String, bool),
    Limit(usize),
}

/// Runs a query over the events of `[from_s, to_s]`, both inclusive, as StartQuery takes them.
pub(crate) fn run(
    text: &str,
    events: &[LogEvent],
    (from_s, to_s): (i64, i64),
    limit: usize,
) -> Answer {
    let commands = parse(text);
    let mut answer = Answer::default();
    let first = events.partition_point(|event| event.timestamp_ms < from_s * 1_000);
    let range = &events[first..];
    let range = &range[..range.partition_point(|event| event.timestamp_ms <= to_s * 1_000)];
    let mut kept: VecDeque<(usize, BTreeMap<String, String>)> = VecDeque::new();
    let mut shown: Vec<String> = Vec::new();
    // Without order and sums only the newest rows come out.
    let is_plain = !commands
        .iter()
        .any(|command| matches!(command, Command::Stats(..) | Command::Sort(..)));
    for (at, event) in range.iter().enumerate() {
        answer.scanned += 1;
        answer.bytes += event.message.len() as u64;
        let mut scope = Scope::of(event);
        let passes = commands.iter().all(|command| match command {
            Command::Filter(expr) => scope.truth(expr),
            Command::Fields(list) => {
                for (expr, name) in list {
                    if let Some(value) = scope.value(expr) {
                        scope.made.insert(name.clone(), value);
                    }
                }
                true
            }
            _ => true,
        });
        if passes {
            answer.matched += 1;
            kept.push_back((first + at, scope.made));
            if is_plain && kept.len() > limit {
                kept.pop_front();
            }
        }
    }
    let mut limit = limit;
    let mut rows: Option<Vec<Row>> = None;
    let mut sort: Option<(String, bool)> = None;
    for command in &commands {
        match command {
            Command::Fields(list) => shown.extend(list.iter().map(|(_, name)| name.clone())),
            Command::Filter(_) => {}
            Command::Stats(aggregates, keys) => {
                assert!(rows.is_none(), "one stats is enough for our queries");
                rows = Some(stats(events, &kept, aggregates, keys));
            }
            Command::Sort(field, ascending) => sort = Some((field.clone(), *ascending)),
            Command::Limit(count) => limit = limit.min(*count),
        }
    }
    let mut rows = rows.unwrap_or_else(|| {
        // Newest first, which is the order without `sort`.
        kept.iter()
            .rev()
            .map(|(at, made)| {
                let fields = shown
                    .iter()
                    .filter_map(|name| Some((name.clone(), made.get(name)?.clone())))
                    .collect();
                (Some(*at), fields)
            })
            .collect()
    });
    if let Some((field, ascending)) = sort {
        let key = |row: &Row| {
            let value = row.1.iter().find(|(name, _)| *name == field);
            value.map(|(_, value)| value.clone())
        };
        rows.sort_by_key(key);
        if !ascending {
            rows.reverse();
        }
    }
    rows.truncate(limit);
    answer.rows = rows;
    answer
}

fn stats(
    events: &[LogEvent],
    kept: &VecDeque<(usize, BTreeMap<String, String>)>,
    aggregates: &[(Expr, String)],
    keys: &[(Expr, String)],
) -> Vec<Row> {
    let mut groups: BTreeMap<Vec<Option<String>>, Vec<u64>> = BTreeMap::new();
    for (at, made) in kept {
        let scope = Scope {
            made: made.clone(),
            ..Scope::of(&events[*at])
        };
        let key = keys.iter().map(|(expr, _)| scope.value(expr)).collect();
        let counts = groups
            .entry(key)
            .or_insert_with(|| vec![0; aggregates.len()]);
        for (count, (expr, _)) in counts.iter_mut().zip(aggregates) {
            let Expr::Call(name, of) = expr else {
                panic!("{expr:?} is no aggregate");
            };
            assert_eq!(name, "count", "only counts are used");
            *count += match of.as_slice() {
                [Expr::Star] => 1,
                [field] => u64::from(scope.value(field).is_some()),
                _ => panic!("count takes one argument"),
            };
        }
    }
    groups
        .into_iter()
        .map(|(key, counts)| {
            let named = keys
                .iter()
                .zip(key)
                .filter_map(|((_, name), value)| Some((name.clone(), value?)));
            let counted = aggregates
                .iter()
                .zip(counts)
                .map(|((_, name), count)| (name.clone(), count.to_string()));
            (None, named.chain(counted).collect())
        })
        .collect()
}

/// An event with what `fields` made of it.
struct Scope<'a> {
    event: &'a LogEvent,
    made: BTreeMap<String, String>,
    found: std::cell::OnceCell<BTreeMap<String, String>>,
}

impl<'a> Scope<'a> {
    fn of(event: &'a LogEvent) -> Self {
        Self {
            event,
            made: BTreeMap::new(),
            found: std::cell::OnceCell::new(),
        }
    }

    fn field(&self, name: &str) -> Option<String> {
        if let Some(value) = self.made.get(name) {
            return Some(value.clone());
        }
        match name {
            "@timestamp" => Some(moment(self.event.timestamp_ms)),
            "@message" => Some(self.event.message.clone()),
            name => {
                let known = self.event.fields.as_ref();
                let known =
                    known.unwrap_or_else(|| self.found.get_or_init(|| fields(&self.event.message)));
                known.get(name).cloned()
            }
        }
    }

    fn value(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Field(name) => self.field(name),
            Expr::Text(text) => Some(text.clone()),
            Expr::Number(number) => Some(number.to_string()),
            Expr::Call(name, of) => match (name.as_str(), of.as_slice()) {
                ("toMillis", [Expr::Field(field)]) => {
                    assert_eq!(field, "@timestamp");
                    Some(self.event.timestamp_ms.to_string())
                }
                ("substr", [field, Expr::Number(from), Expr::Number(length)]) => {
                    let text = self.value(field)?;
                    let letters = text.chars().skip(*from as usize).take(*length as usize);
                    Some(letters.collect())
                }
                ("bin", [Expr::Span(length)]) => {
                    let at = self.event.timestamp_ms;
                    Some(moment(at - at.rem_euclid(*length)))
                }
                _ => panic!("the function {name} is not known here"),
            },
            _ => panic!("{expr:?} is no value"),
        }
    }

    fn truth(&self, expr: &Expr) -> bool {
        match expr {
            Expr::And(a, b) => self.truth(a) && self.truth(b),
            Expr::Or(a, b) => self.truth(a) || self.truth(b),
            Expr::Not(a) => !self.truth(a),
            Expr::Compare(a, operator, b) => {
                // What a record lacks is neither equal nor unequal to anything.
                let (Some(a), Some(b)) = (self.value(a), self.value(b)) else {
                    return false;
                };
                match operator.as_str() {
                    "=" => a == b,
                    "!=" => a != b,
                    other => {
                        let number =
                            |text: &str| text.parse::<i64>().expect("numbers have an order");
                        let (a, b) = (number(&a), number(&b));
                        match other {
                            ">=" => a >= b,
                            "<=" => a <= b,
                            ">" => a > b,
                            "<" => a < b,
                            _ => panic!("the operator {other} is not known here"),
                        }
                    }
                }
            }
            Expr::In(a, list) => self.value(a).is_some_and(|value| list.contains(&value)),
            Expr::Begins(a, starts) => self
                .value(a)
                .is_some_and(|value| starts.iter().any(|start| value.starts_with(start))),
            Expr::Holds(a, part) => self.value(a).is_some_and(|value| value.contains(part)),
            _ => panic!("{expr:?} is no condition"),
        }
    }
}

/// A time as answers write it.
fn moment(epoch_ms: i64) -> String {
    let at = chrono::DateTime::from_timestamp_millis(epoch_ms).unwrap();
    at.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

#[derive(Debug, Clone)]
enum Expr {
    Field(String),
    Text(String),
    Number(i64),
    /// A length of time, milliseconds.
    Span(i64),
    Star,
    Call(String, Vec<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Compare(Box<Expr>, String, Box<Expr>),
    In(Box<Expr>, Vec<String>),
    /// `like /^(a|b)/`.
    Begins(Box<Expr>, Vec<String>),
    /// `like "a"`.
    Holds(Box<Expr>, String),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Pattern(String),
    Sign(String),
}

fn tokens(text: &str) -> Vec<Token> {
    let letters: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let letter = letters[at];
        let until = |end: char| {
            let rest = &letters[at + 1..];
            let length = rest.iter().position(|letter| *letter == end);
            let length = length.unwrap_or_else(|| panic!("{end} is missing in {text}"));
            let inside: String = rest[..length].iter().collect();
            (inside, at + length + 2)
        };
        if letter.is_whitespace() {
            at += 1;
        } else if letter == '"' || letter == '\'' {
            let (inside, next) = until(letter);
            assert!(
                !inside.contains('\\'),
                "escapes are not known here: {inside}"
            );
            out.push(Token::Text(inside));
            at = next;
        } else if letter == '/' {
            let (inside, next) = until('/');
            out.push(Token::Pattern(inside));
            at = next;
        } else if letter.is_alphanumeric() || letter == '@' || letter == '_' {
            let length = letters[at..]
                .iter()
                .take_while(|letter| letter.is_alphanumeric() || "@_.".contains(**letter))
                .count();
            out.push(Token::Word(letters[at..at + length].iter().collect()));
            at += length;
        } else {
            let two: String = letters[at..].iter().take(2).collect();
            let length = if [">=", "<=", "!="].contains(&two.as_str()) {
                2
            } else {
                1
            };
            out.push(Token::Sign(letters[at..at + length].iter().collect()));
            at += length;
        }
    }
    out
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

fn parse(text: &str) -> Vec<Command> {
    let mut parser = Parser {
        tokens: tokens(text),
        at: 0,
    };
    let mut commands = Vec::new();
    loop {
        commands.push(parser.command());
        match parser.next() {
            None => return commands,
            Some(Token::Sign(sign)) if sign == "|" => {}
            Some(other) => panic!("{other:?} stands where a command ends in {text}"),
        }
    }
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned()
    }

    fn peek_is(&self, text: &str) -> bool {
        match self.tokens.get(self.at) {
            Some(Token::Word(word)) => word == text,
            Some(Token::Sign(sign)) => sign == text,
            _ => false,
        }
    }

    fn take(&mut self, text: &str) -> bool {
        let is = self.peek_is(text);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, text: &str) {
        assert!(
            self.take(text),
            "{text} expected, found {:?}",
            self.tokens.get(self.at)
        );
    }

    fn word(&mut self) -> String {
        match self.next() {
            Some(Token::Word(word)) => word,
            other => panic!("a name expected, found {other:?}"),
        }
    }

    fn command(&mut self) -> Command {
        let name = self.word();
        match name.as_str() {
            "fields" => Command::Fields(self.named()),
            "filter" => Command::Filter(self.either()),
            "stats" => {
                let aggregates = self.named();
                let keys = if self.take("by") {
                    self.named()
                } else {
                    Vec::new()
                };
                Command::Stats(aggregates, keys)
            }
            "sort" => {
                let field = self.word();
                let ascending = !self.take("desc") && self.take("asc");
                Command::Sort(field, ascending)
            }
            "limit" => Command::Limit(self.word().parse().expect("limit takes a number")),
            other => panic!("the command {other} is not known here"),
        }
    }

    /// `a, b.c, f(x) as y`.
    fn named(&mut self) -> Vec<(Expr, String)> {
        let mut out = Vec::new();
        loop {
            let expr = self.operand();
            let name = if self.take("as") {
                self.word()
            } else {
                match &expr {
                    Expr::Field(name) => name.clone(),
                    other => panic!("{other:?} needs a name"),
                }
            };
            out.push((expr, name));
            if !self.take(",") {
                return out;
            }
        }
    }

    fn either(&mut self) -> Expr {
        let mut left = self.both();
        while self.take("or") {
            left = Expr::Or(Box::new(left), Box::new(self.both()));
        }
        left
    }

    fn both(&mut self) -> Expr {
        let mut left = self.negated();
        while self.take("and") {
            left = Expr::And(Box::new(left), Box::new(self.negated()));
        }
        left
    }

    fn negated(&mut self) -> Expr {
        if self.take("not") {
            return Expr::Not(Box::new(self.negated()));
        }
        if self.take("(") {
            let inside = self.either();
            self.expect(")");
            return inside;
        }
        let left = Box::new(self.operand());
        if self.take("in") {
            self.expect("[");
            let mut list = Vec::new();
            while !self.take("]") {
                match self.next() {
                    Some(Token::Text(text)) => list.push(text),
                    other => panic!("a text expected, found {other:?}"),
                }
                self.take(",");
            }
            return Expr::In(left, list);
        }
        if self.take("like") {
            return match self.next() {
                Some(Token::Pattern(pattern)) => Expr::Begins(left, starts(&pattern)),
                Some(Token::Text(text)) => Expr::Holds(left, text),
                _ => panic!("like takes a pattern or a text here"),
            };
        }
        let Some(Token::Sign(operator)) = self.next() else {
            panic!("an operator expected");
        };
        Expr::Compare(left, operator, Box::new(self.operand()))
    }

    fn operand(&mut self) -> Expr {
        if self.take("*") {
            return Expr::Star;
        }
        match self.next() {
            Some(Token::Text(text)) => Expr::Text(text),
            Some(Token::Word(word)) if self.take("(") => {
                let mut of = Vec::new();
                while !self.take(")") {
                    of.push(self.operand());
                    self.take(",");
                }
                Expr::Call(word, of)
            }
            Some(Token::Word(word)) => match word.parse::<i64>() {
                Ok(number) => Expr::Number(number),
                Err(_) => span(&word).map_or(Expr::Field(word), Expr::Span),
            },
            other => panic!("a value expected, found {other:?}"),
        }
    }
}

/// `5m`, milliseconds.
fn span(word: &str) -> Option<i64> {
    let digits = word.chars().take_while(char::is_ascii_digit).count();
    let (count, unit) = word.split_at(digits);
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    Some(count.parse::<i64>().ok()? * unit)
}

/// The beginnings that `^(a|b)` or `^a` stands for.
fn starts(pattern: &str) -> Vec<String> {
    let start = pattern.strip_prefix('^').expect("only beginnings are used");
    let inside = start
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(start);
    let is_plain = |text: &str| {
        text.chars()
            .all(|l| l.is_alphanumeric() || "-:".contains(l))
    };
    inside
        .split('|')
        .inspect(|one| assert!(is_plain(one), "{one} is more than plain letters"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_interpreter_reads_what_our_files_say() {
    let event = |second: i64, text: &str| LogEvent::new(second * 1_000 + 500, text.to_owned());
    let events = [
        event(
            10,
            r#"{"eventSource":"a","eventTime":"2026-03-11T07:00:01Z","n":{"x":[1]}}"#,
        ),
        event(
            70,
            r#"{"eventSource":"a","errorCode":"E","eventTime":"2026-03-11T07:00:09Z"}"#,
        ),
        event(
            71,
            r#"{"eventSource":"b","eventTime":"2026-03-12T07:00:09Z"}"#,
        ),
    ];
    let all = (0, 100);
    let count = |text: &str| run(text, &events, all, 10).matched;
    assert_eq!(count(r#"filter eventSource in ["a"]"#), 2);
    assert_eq!(
        count(r#"filter not (eventSource = "a") or errorCode = "E""#),
        2
    );
    assert_eq!(count(r#"filter errorCode != "E""#), 0);
    assert_eq!(
        count(r#"filter eventTime like /^(2026-03-11T07|2026-03-13)/"#),
        2
    );
    assert_eq!(
        count("filter toMillis(@timestamp) >= 10500 and toMillis(@timestamp) < 70500"),
        1
    );
    assert_eq!(count("filter n.x.0 = 1"), 1);
    assert_eq!(run("fields @message", &events, (10, 10), 10).matched, 0);
    assert_eq!(run("fields @message", &events, (10, 11), 10).matched, 1);

    let answer = run(
        "fields substr(eventTime, 0, 13) as hour | stats count(*) as calls, count(errorCode) as errors by hour, bin(1m) as slot | sort slot asc | limit 2",
        &events,
        all,
        10,
    );
    let row = |at: usize| answer.rows[at].1.clone();
    let text = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    };
    assert_eq!(answer.rows.len(), 2);
    assert_eq!(
        row(0),
        text(&[
            ("hour", "2026-03-11T07"),
            ("slot", "1970-01-01 00:00:00.000"),
            ("calls", "1"),
            ("errors", "0")
        ])
    );
    let grouped = run("stats count(*) as calls by errorCode", &events, all, 10);
    assert_eq!(
        grouped.rows[0].1,
        text(&[("calls", "2")]),
        "an absent field is a group"
    );
}

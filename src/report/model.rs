//! The content model: what a report says, in reading order, with no decision left to a renderer.
//!
//! Plain data. Words are ready to be drawn, numbers are already formatted, tables are already
//! sorted and cut (with a note when cut). Text that came from logs is [`Untrusted`] and can be
//! opened only by the escapers in [`super::escape`]. Times in words are UTC with `Z`.

use super::contract::Contract;
pub use super::escape::Untrusted;
use crate::case::Instant;

/// A whole report: one content model for every output format.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Title for people, e.g. `ECR incident report: us-east-1, 2026-03-11`.
    pub title: Text,
    /// The colour of the whole answer.
    pub tone: Tone,
    /// The answer, before anything else: one entry per incident (at least one entry always, also
    /// when nothing was found or nothing can be said).
    pub verdicts: Vec<VerdictLine>,
    /// Header block, key and value, in order.
    pub header: Vec<(String, Text)>,
    /// All sections in reading order, appendices last.
    pub sections: Vec<Section>,
    /// Charts the blocks refer to by ID, in order of first use.
    pub charts: Vec<Chart>,
    /// The machine contract (`report.json`), saying the same.
    pub contract: Contract,
}

/// The answer for one incident, or for the whole run when there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct VerdictLine {
    /// `I1`, `I2`, …; empty when the line is about the whole run.
    pub id: String,
    /// Colour.
    pub tone: Tone,
    /// `Verdict: our side (retry storm), confidence high.`
    pub headline: String,
    /// What, where, when, how much: one or two sentences.
    pub story: Text,
    /// The strongest reasons, at most two.
    pub reasons: Vec<Text>,
}

/// Whose doing, as a colour. Meaning is never carried by colour alone: the words say it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// AWS side.
    Aws,
    /// Our side.
    Ours,
    /// A third party.
    ThirdParty,
    /// Cannot tell, inconclusive, or a warning.
    Unknown,
    /// Nothing found, all good.
    Quiet,
}

impl Tone {
    /// A short word for class names (`aws`, `ours`, …).
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Ours => "ours",
            Self::ThirdParty => "third-party",
            Self::Unknown => "unknown",
            Self::Quiet => "quiet",
        }
    }
}

/// One numbered section. Invariant: `blocks` is never empty; a section without content says why.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Stable anchor: `ask`, `summary`, `impact`, `signal`, `timeline`, `errors`, `requests`,
    /// `scope`, `quota`, `health`, `changes`, `assessment`, `tried`, `questions`, `steps`, `gaps`,
    /// `reproduce`, `ledger`, `coverage`, `funnel`, `anomalies`, `classes`.
    pub id: &'static str,
    /// `1`, `2`, … or `A`, `B`, … for appendices.
    pub number: String,
    /// Heading.
    pub title: &'static str,
    /// Whether it stands after the main text (a renderer may fold it).
    pub appendix: bool,
    /// Content, in order.
    pub blocks: Vec<Block>,
}

/// A piece of content.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Sub-heading (one per incident, when there are several).
    Heading(Text),
    /// Paragraph.
    Para(Text),
    /// List; numbered when `ordered`.
    List {
        /// Numbered, from 1.
        ordered: bool,
        /// Items, never empty.
        items: Vec<Text>,
    },
    /// Table.
    Table(Table),
    /// Commands or queries to copy, shown verbatim. May hold quoted text from logs, so it is
    /// opened by an escaper like any other.
    Code {
        /// `sh`, `json`, `text`.
        language: &'static str,
        /// The lines.
        text: Untrusted,
    },
    /// A boxed remark.
    Callout {
        /// Colour.
        tone: Tone,
        /// The remark.
        text: Text,
    },
    /// The chart with this ID (text formats leave it out: a sparkline always stands beside it).
    Chart(String),
    /// Lines of small bars, drawn with one shared time axis.
    Sparklines(Sparklines),
}

/// A table. Invariant: every row has as many cells as `header`, and `align` too.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Column headings.
    pub header: Vec<&'static str>,
    /// Column alignment.
    pub align: Vec<Align>,
    /// Rows, sorted.
    pub rows: Vec<Vec<Text>>,
    /// What is not shown, or what the columns mean; empty when there is nothing to add.
    pub note: Text,
}

/// Alignment of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Several small series over the same time axis, for text.
#[derive(Debug, Clone, PartialEq)]
pub struct Sparklines {
    /// First instant of the first column.
    pub start: Instant,
    /// Seconds per column.
    pub step_s: i64,
    /// One line each; all have the same number of columns.
    pub lines: Vec<Sparkline>,
    /// Marks under the lines, by time.
    pub marks: Vec<Mark>,
}

/// One line of small bars.
#[derive(Debug, Clone, PartialEq)]
pub struct Sparkline {
    /// What it shows (holds the API name).
    pub label: Untrusted,
    /// `failures/min`, `calls/min`.
    pub unit: &'static str,
    /// One value per column; `None` is "no data", which is not zero.
    pub values: Vec<Option<f64>>,
    /// What follows the bars, e.g. `max 182 at 07:14Z`.
    pub note: String,
}

/// A text made of spans. Spaces between spans are inside the spans.
pub type Text = Vec<Span>;

/// A run of text with one meaning.
#[derive(Debug, Clone, PartialEq)]
pub enum Span {
    /// Our own words.
    Plain(String),
    /// Our own words, stressed.
    Strong(String),
    /// A sentence that may hold names from logs; shown as text.
    Prose(Untrusted),
    /// A name, code or message from logs; shown as code.
    Code(Untrusted),
    /// A reference into the evidence ledger, e.g. `E3`; shown as `[E3]`.
    Evidence(String),
    /// How the statement is known.
    Label(Label),
}

/// How a statement is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// Stands in the evidence.
    Observed,
    /// Follows from the evidence by a stated rule.
    Inferred,
    /// Only a human can say it: to be filled in.
    Human,
}

impl Label {
    /// The word shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Inferred => "inferred",
            Self::Human => "☐ to fill in",
        }
    }
}

/// A chart over time: panels under each other with one shared time axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// File stem, `[a-z0-9-]` only, unique in the report: `i1-signal`, `i1-quota-1`, `overview`.
    pub id: String,
    /// Title.
    pub title: Text,
    /// The text alternative: what the chart shows, in one or two sentences.
    pub alt: Text,
    /// First instant of the first point.
    pub start: Instant,
    /// Seconds between points.
    pub step_s: i64,
    /// Number of points of every line.
    pub len: usize,
    /// Top to bottom.
    pub panels: Vec<Panel>,
    /// Vertical marks, by time.
    pub marks: Vec<Mark>,
    /// Shaded spans, by start.
    pub bands: Vec<Band>,
}

/// One panel of a chart. The value axis starts at zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// What it shows (holds the API name).
    pub title: Text,
    /// Unit of the value axis.
    pub unit: &'static str,
    /// Lines, the most important first.
    pub lines: Vec<Line>,
    /// Horizontal levels.
    pub levels: Vec<Level>,
}

/// One line of a panel. Invariant: `values` has the chart's `len` entries.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Legend.
    pub label: &'static str,
    /// What it stands for.
    pub role: Role,
    /// One value per point; `None` is a gap to be drawn as a gap.
    pub values: Vec<Option<f64>>,
}

/// What a line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Failures of the incident's class.
    Failures,
    /// All calls.
    Calls,
    /// Arrivals per second.
    Arrivals,
    /// CloudWatch's own count.
    CallCount,
    /// What the baseline leads one to expect.
    Expected,
}

impl Role {
    /// A short word for class names.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Failures => "failures",
            Self::Calls => "calls",
            Self::Arrivals => "arrivals",
            Self::CallCount => "call-count",
            Self::Expected => "expected",
        }
    }
}

/// A horizontal level.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Legend, e.g. `quota 2,000/s` or `baseline 0.3/min`.
    pub label: String,
    /// Height in the panel's unit.
    pub value: f64,
}

/// A vertical mark.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Where.
    pub at: Instant,
    /// Legend (may hold a name from logs).
    pub label: Untrusted,
    /// What it is.
    pub kind: MarkKind,
}

/// What a mark stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    /// First impaired minute.
    Onset,
    /// Minute with most failures.
    Peak,
    /// First healthy minute.
    Recovery,
    /// One of our own changes.
    Change,
    /// First Health post.
    HealthPost,
}

impl MarkKind {
    /// A short word for class names.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Onset => "onset",
            Self::Peak => "peak",
            Self::Recovery => "recovery",
            Self::Change => "change",
            Self::HealthPost => "health-post",
        }
    }

    /// The letter under a sparkline.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Onset => 'O',
            Self::Peak => 'P',
            Self::Recovery => 'R',
            Self::Change => 'c',
            Self::HealthPost => 'h',
        }
    }
}

/// A shaded span.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// First instant.
    pub from: Instant,
    /// First instant after.
    pub to: Instant,
    /// Legend (may hold text from AWS).
    pub label: Untrusted,
    /// What it is.
    pub kind: BandKind,
}

/// What a band stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BandKind {
    /// Onset to recovery.
    Incident,
    /// Impact span of a matching Health event.
    Health,
    /// Data that may still change.
    Unsettled,
    /// The trail is silent.
    Silent,
}

impl BandKind {
    /// A short word for class names.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Health => "health",
            Self::Unsettled => "unsettled",
            Self::Silent => "silent",
        }
    }
}

//! Which day and year a written time means, and its instant in UTC.
//!
//! Texts say "2:10 AM PDT" and leave the day to the reader, who knows when it was posted. Every
//! possible day is tried and the one nearest to what is known is kept; ties go to the earlier.

use super::Published;
use super::span::{Moment, Span};
use super::table::{UNSTATED, Zone};
use super::words::{Clock, Date};
use crate::case::{Instant, Interval};
use chrono::{DateTime, Datelike, Days, Duration, LocalResult, NaiveDate, TimeZone, Utc};

/// A post cannot speak of later than itself; this much is allowed for clocks and rounding.
const SLACK_MINUTES: i64 = 15;
/// A statement further from its post than this is about another event.
const REACH_DAYS: i64 = 31;

/// What a written time is near to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Anchor {
    at: Instant,
    /// The times are before `at` (a post); else they are on either side (a published start).
    before: bool,
    /// Nothing stated starts after this.
    latest: Option<Instant>,
}

/// One reading of a span: the smaller, the better.
type Reading = (i64, i64, Instant, Instant);

impl Anchor {
    /// A post's own time is the best anchor, then the published start, then the last that is known.
    pub(super) fn of(posted: Option<Instant>, published: Published) -> Option<Self> {
        let last = published.end.max(published.updated);
        let slack = Duration::minutes(SLACK_MINUTES);
        if let Some(at) = posted {
            return Some(Self {
                at,
                before: true,
                latest: Some(at + slack),
            });
        }
        if let Some(at) = published.start {
            return Some(Self {
                at,
                before: false,
                latest: last.map(|last| last.max(at) + slack),
            });
        }
        last.map(|at| Self {
            at,
            before: true,
            latest: Some(at + slack),
        })
    }

    /// The interval of a span with two ends.
    pub(super) fn whole(&self, span: &Span) -> Option<Interval> {
        let end = span.end.as_ref()?;
        let written_pm = span.start.clock.pm.is_some() || end.clock.pm.is_some();
        let start_zone = zone_of(span.start.zone.or(end.zone), written_pm)?;
        let end_zone = zone_of(end.zone.or(span.start.zone), written_pm)?;
        // The half of the day is only open when the other end states one.
        let open = |moment: &Moment| moment.clock.pm.is_none() && written_pm;
        let stated_end = end.date.map(|date| self.dated(date, end_zone));
        let start_days = match (span.start.date.or(span.day), stated_end) {
            (Some(date), _) => vec![self.dated(date, start_zone)?],
            (None, Some(day)) => vec![day?.pred_opt()?, day?],
            (None, None) => self.days_around(start_zone),
        };
        // Only two written dates can state a span of a day or more.
        let dated = end.date.is_some() && (span.start.date.is_some() || span.day.is_some());
        let limit = Duration::days(if dated { REACH_DAYS } else { 1 });
        let mut best: Option<Reading> = None;
        for day in start_days {
            let end_days = match stated_end {
                Some(end_day) => vec![end_day?],
                None => vec![day, day.checked_add_days(Days::new(1))?],
            };
            for from in clocks(span.start.clock, open(&span.start)) {
                let Some(start) = instant_at(day, from, start_zone) else {
                    continue;
                };
                for end_day in &end_days {
                    for to in clocks(end.clock, open(end)) {
                        let Some(stop) = instant_at(*end_day, to, end_zone) else {
                            continue;
                        };
                        if stop - start >= limit {
                            continue;
                        }
                        if let Some(reading) =
                            self.rate(start, stop, open(&span.start) || open(end))
                        {
                            best = Some(best.map_or(reading, |known| known.min(reading)));
                        }
                    }
                }
            }
        }
        best.map(|(_, _, start, stop)| Interval::new(start, stop))
    }

    /// The start of a span without an end.
    pub(super) fn start(&self, span: &Span) -> Option<Instant> {
        if span.end.is_some() {
            return None;
        }
        let zone = zone_of(span.start.zone, span.start.clock.pm.is_some())?;
        let days = match span.start.date.or(span.day) {
            Some(date) => vec![self.dated(date, zone)?],
            None => self.days_around(zone),
        };
        days.into_iter()
            .filter_map(|day| instant_at(day, span.start.clock, zone))
            .filter_map(|start| Some((self.distance(start)?, start)))
            .min()
            .map(|(_, start)| start)
    }

    /// Ranks a reading; `None` when it cannot be meant.
    fn rate(&self, start: Instant, stop: Instant, guessed: bool) -> Option<Reading> {
        let length = (stop - start).num_seconds();
        if length <= 0 {
            return None;
        }
        let distance = self.distance(start)?;
        // A post reports a span that is over; one that is not is the reading of last resort.
        let unfinished = i64::from(self.latest.is_some_and(|latest| stop > latest));
        // Where AM or PM is a guess, the shorter span is what a writer leaves to the reader.
        let first = if guessed { length } else { 0 };
        Some((unfinished, first.saturating_add(distance), start, stop))
    }

    /// Seconds between a start and what is known; `None` when it is too far or too late.
    fn distance(&self, start: Instant) -> Option<i64> {
        let away = (self.at - start).num_seconds().abs();
        let late = self.latest.is_some_and(|latest| start > latest);
        (!late && away <= Duration::days(REACH_DAYS).num_seconds()).then_some(away)
    }

    /// The local days a time without a date can lie on. A start before a post lies at most a day
    /// back; a published start can be on either side of the true one.
    fn days_around(&self, zone: Zone) -> Vec<NaiveDate> {
        let local = self.at.with_timezone(&zone.tz).date_naive();
        let next = if self.before { None } else { local.succ_opt() };
        [local.pred_opt(), Some(local), next]
            .into_iter()
            .flatten()
            .collect()
    }

    /// A written date with its year: the one that puts it nearest.
    fn dated(&self, date: Date, zone: Zone) -> Option<NaiveDate> {
        if let Some(year) = date.year {
            return NaiveDate::from_ymd_opt(year, date.month, date.day);
        }
        let local = self.at.with_timezone(&zone.tz).date_naive();
        [-1, 0, 1]
            .iter()
            .filter_map(|step| NaiveDate::from_ymd_opt(local.year() + step, date.month, date.day))
            .min_by_key(|day| (*day - local).num_days().abs())
    }
}

/// When a post was made that carries this time as its stamp: the first reading that lies neither
/// before the published start (rounding allowed for) nor after the last update. A stamp whose zone
/// or half of the day is not written is left alone.
pub(super) fn stamped(moment: &Moment, published: Published) -> Option<Instant> {
    let start = published.start?;
    let last = published.updated.or(published.end);
    let zone = moment.zone?;
    let whole_clock = moment.clock.pm.is_some() || moment.clock.hour > 12;
    if !whole_clock && zone.tz != chrono_tz::UTC {
        return None;
    }
    let anchor = Anchor::of(None, published)?;
    let days = match moment.date {
        Some(date) => vec![anchor.dated(date, zone)?],
        None => anchor.days_around(zone),
    };
    let earliest = start.checked_sub_signed(Duration::minutes(SLACK_MINUTES))?;
    days.into_iter()
        .filter_map(|day| instant_at(day, moment.clock, zone))
        .filter(|at| *at >= earliest && last.is_none_or(|last| *at <= last))
        .min()
}

/// The zone of a time; without one only AM/PM tells whose clock is meant.
fn zone_of(stated: Option<Zone>, written_pm: bool) -> Option<Zone> {
    stated.or(written_pm.then_some(UNSTATED))
}

/// The time of day, twice when AM or PM is open.
fn clocks(clock: Clock, open: bool) -> Vec<Clock> {
    if !open || clock.hour > 12 {
        return vec![clock];
    }
    [false, true]
        .into_iter()
        .map(|pm| Clock {
            pm: Some(pm),
            ..clock
        })
        .collect()
}

fn instant_at(day: NaiveDate, clock: Clock, zone: Zone) -> Option<Instant> {
    let hour = match clock.pm {
        None => clock.hour,
        Some(pm) => clock.hour % 12 + if pm { 12 } else { 0 },
    };
    let local = day.and_hms_opt(hour, clock.minute, 0)?;
    let found: DateTime<_> = match zone.tz.from_local_datetime(&local) {
        LocalResult::Single(at) => at,
        // The hour that happens twice in autumn: the word tells which, else the first.
        LocalResult::Ambiguous(daylight, standard) => {
            if zone.daylight == Some(false) {
                standard
            } else {
                daylight
            }
        }
        // The hour that is skipped in spring: the clock was not put forward yet.
        LocalResult::None => {
            let before = zone
                .tz
                .from_local_datetime(&(local - Duration::hours(1)))
                .earliest()?;
            before + Duration::hours(1)
        }
    };
    Some(found.with_timezone(&Utc))
}

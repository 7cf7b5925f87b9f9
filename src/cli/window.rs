//! From typed times to a case: ISO 8601, durations, half-open windows, everything refused that
//! makes no sense. The clock is read here and nowhere else.

use super::shared_args::{ScopeArgs, TrailArgs, WindowArgs};
use crate::case::{
    Case, ECR_EVENT_SOURCES, Instant, Interval, Scope, ceil_minute, floor_minute, rfc3339,
};
use crate::failure::Failure;
use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, Utc};

const TIME_HINT: &str =
    "write times as 2026-03-11T07:02Z, 2026-03-11T08:02+01:00 or 2026-03-11 (midnight UTC)";
const DURATION_HINT: &str = "write durations as 45m, 2h, 1d12h or 90s";
/// A window beyond this is a typing mistake, not a question.
const LONGEST_WINDOW_DAYS: i64 = 400;

/// A case with what should be said about how it was read.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) case: Case,
    pub(super) notes: Vec<String>,
}

/// The wall clock, or what stands in for it.
pub(super) fn now(args: &WindowArgs) -> Result<Instant, Failure> {
    match &args.now {
        Some(text) => Ok(time("--now", text)?.0),
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the clock"
        )]
        None => Ok(Utc::now()),
    }
}

/// An instant as typed, or the wall clock when nothing was.
pub(super) fn instant_or_now(flag: &str, text: Option<&str>) -> Result<Instant, Failure> {
    match text {
        Some(text) => Ok(time(flag, text)?.0),
        None => now(&WindowArgs::default()),
    }
}

/// The window asked for, or `None` when no window flag was given.
pub(super) fn interval(
    args: &WindowArgs,
    now: Instant,
    notes: &mut Vec<String>,
) -> Result<Option<Interval>, Failure> {
    let mut read = |flag: &str, text: &str| -> Result<Instant, Failure> {
        let (at, zoned) = time(flag, text)?;
        if !zoned {
            notes.push(format!("{flag} {text} has no zone: read as UTC"));
        }
        Ok(at)
    };
    let (from, to) = if let Some(from) = &args.from {
        let from = read("--from", from)?;
        let to = args
            .to
            .as_deref()
            .map(|to| read("--to", to))
            .transpose()?
            .unwrap_or(now);
        (from, to)
    } else if let Some(around) = &args.around {
        let at = read("--around", around)?;
        let pad = duration("--pad", &args.pad)?;
        (at - pad, at + pad)
    } else if let Some(since) = &args.since {
        (now - duration("--since", since)?, now)
    } else {
        return Ok(None);
    };
    if from >= to {
        return Err(Failure::usage(
            format!(
                "the window is empty or reversed: it would run from {} to {}",
                rfc3339(from),
                rfc3339(to)
            ),
            "put the earlier time in --from and the later one in --to",
        ));
    }
    if from >= now {
        return Err(Failure::usage(
            format!("the window starts in the future, at {}", rfc3339(from)),
            "check the year and the zone of the time",
        ));
    }
    if to - from > Duration::days(LONGEST_WINDOW_DAYS) {
        return Err(Failure::usage(
            format!("the window is longer than {LONGEST_WINDOW_DAYS} days"),
            "check the year of --from and --to",
        ));
    }
    // Everything is judged by whole minutes, so the window is too.
    Ok(Some(Interval::new(floor_minute(from), ceil_minute(to))))
}

/// The margin for late delivery as typed, or what is usual for the command, seconds.
pub(super) fn lateness_s(args: &TrailArgs, usual_s: i64) -> Result<i64, Failure> {
    match &args.lateness {
        Some(typed) => Ok(duration("--lateness", typed)?.num_seconds()),
        None => Ok(usual_s),
    }
}

/// The case of a window: baseline before it, scope as typed.
pub(super) fn resolve(
    window: Interval,
    args: &WindowArgs,
    scope: &ScopeArgs,
    now: Instant,
    notes: Vec<String>,
) -> Result<Resolved, Failure> {
    let baseline = duration("--baseline", &args.baseline)?;
    Ok(Resolved {
        case: Case {
            window,
            baseline: Interval::new(floor_minute(window.from - baseline), window.from),
            scope: scope_of(scope)?,
            now,
        },
        notes,
    })
}

/// The scope as typed, checked for what could only give an empty answer.
pub(super) fn scope_of(args: &ScopeArgs) -> Result<Scope, Failure> {
    for account in &args.account {
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Failure::usage(
                format!("--account {account} is not a twelve-digit account ID"),
                "write the ID without dashes, e.g. 111122223333",
            ));
        }
    }
    for source in &args.event_source {
        if !source.contains('.') {
            return Err(Failure::usage(
                format!("--event-source {source} is not an event source"),
                format!("write it as CloudTrail does, e.g. {source}.amazonaws.com"),
            ));
        }
    }
    let mut scope = Scope {
        accounts: args.account.clone(),
        regions: args.region.clone(),
        repositories: args.repository.clone(),
        event_sources: if args.event_source.is_empty() {
            ECR_EVENT_SOURCES.map(str::to_owned).to_vec()
        } else {
            args.event_source.clone()
        },
    };
    for list in [
        &mut scope.accounts,
        &mut scope.regions,
        &mut scope.repositories,
        &mut scope.event_sources,
    ] {
        list.sort();
        list.dedup();
    }
    Ok(scope)
}

/// An instant, and whether the text named its zone.
fn time(flag: &str, text: &str) -> Result<(Instant, bool), Failure> {
    let trimmed = text.trim();
    let with_seconds = |text: &str| DateTime::parse_from_rfc3339(text).ok();
    let zoned = with_seconds(trimmed).or_else(|| {
        // RFC 3339 asks for seconds; people leave them out.
        DateTime::parse_from_str(&trimmed.replace('Z', "+00:00"), "%Y-%m-%dT%H:%M%:z").ok()
    });
    if let Some(at) = zoned {
        return Ok((at.with_timezone(&Utc), true));
    }
    let naive = [
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d %H:%M",
    ]
    .iter()
    .find_map(|form| NaiveDateTime::parse_from_str(trimmed, form).ok())
    .or_else(|| {
        NaiveDate::parse_from_str(trimmed, "%Y-%m-%d")
            .ok()
            .map(|day| day.and_time(NaiveTime::MIN))
    });
    naive
        .map(|at| (at.and_utc(), false))
        .ok_or_else(|| Failure::usage(format!("{flag} {text} is not a time"), TIME_HINT))
}

/// A duration such as `1d12h`, positive and at most [`LONGEST_WINDOW_DAYS`].
pub(super) fn duration(flag: &str, text: &str) -> Result<Duration, Failure> {
    let refused = || Failure::usage(format!("{flag} {text} is not a duration"), DURATION_HINT);
    let mut seconds: i64 = 0;
    let mut digits = String::new();
    for letter in text.trim().chars() {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        let unit: i64 = match letter {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(refused()),
        };
        let count: i64 = digits.parse().map_err(|_| refused())?;
        digits.clear();
        seconds = count
            .checked_mul(unit)
            .and_then(|part| seconds.checked_add(part))
            .ok_or_else(refused)?;
    }
    if !digits.is_empty() || seconds <= 0 || seconds > LONGEST_WINDOW_DAYS * 86_400 {
        return Err(refused());
    }
    Ok(Duration::seconds(seconds))
}

#[cfg(test)]
mod tests;

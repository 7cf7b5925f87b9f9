//! One run: sign in, ask every source in every place, bring home what came.
//!
//! The runtime lives here and nowhere else, so that the rest of the program stays synchronous. A
//! failing place never stops another, and what was collected is never lost to a limit or to Ctrl-C.

use super::control::{Control, Stop};
use super::receipt::Receipt;
use super::session::{self, Account, Session};
use super::{
    Evidence, Field, Part, Request, Watch, entry, health, known, metrics, quotas, signal, status,
    store, trail,
};
use crate::bundle::manifest::{Noun, Outcome, Refusal};
use crate::failure::{Failure, Kind};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Places asked at the same time. The limiter decides how fast; this only bounds what is open.
const AT_ONCE: usize = 16;

/// Seconds of difference between clocks that nobody needs to hear of.
pub(super) const MOST_SKEW_S: i64 = 60;

/// Collects what a request wants.
///
/// # Errors
/// When nothing could be asked at all: no usable credentials, no region. A source that fails is a
/// gap, not an error.
pub fn collect(request: &Request, watch: &Arc<dyn Watch>) -> Result<Evidence, Failure> {
    with_runtime(request, |control| async move {
        let session = session::open(&request.identity, &control).await?;
        let field = Arc::new(Field {
            request: request.clone(),
            session,
            control,
            watch: Arc::clone(watch),
        });
        Ok(gather(&field).await)
    })
}

/// Signs in and hands the session to a few cheap questions (`doctor`).
///
/// # Errors
/// As [`collect`].
pub fn probe<T, F, A>(request: &Request, watch: &Arc<dyn Watch>, ask: F) -> Result<T, Failure>
where
    F: FnOnce(Arc<Field>) -> A,
    A: Future<Output = T>,
{
    with_runtime(request, |control| async move {
        let session = session::open(&request.identity, &control).await?;
        let field = Field {
            request: request.clone(),
            session,
            control,
            watch: Arc::clone(watch),
        };
        Ok(ask(Arc::new(field)).await)
    })
}

fn with_runtime<T, F, A>(request: &Request, run: F) -> Result<T, Failure>
where
    F: FnOnce(Arc<Control>) -> A,
    A: Future<Output = Result<T, Failure>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            anyhow::Error::new(error).context("failed to start the network runtime")
        })?;
    let result = runtime.block_on(async {
        let receipt = Receipt::new(request.case.now);
        let control = Arc::new(Control::new(request.limits, receipt));
        signal::watch(&control);
        run(control).await
    });
    signal::unwatch();
    // A name look-up that hangs must not hold up the report.
    runtime.shutdown_background();
    result
}

async fn gather(field: &Arc<Field>) -> Evidence {
    let wants = |noun: Noun| field.request.wanted.contains(&noun);
    // The most perishable goes first: the trail's queries take longest and its events are forgotten
    // soonest.
    let trail = {
        let field = Arc::clone(field);
        let wanted = wants(Noun::Trail);
        tokio::spawn(async move {
            if wanted {
                trail::fetch(&field).await
            } else {
                trail::Found::default()
            }
        })
    };
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut jobs: JoinSet<Part> = JoinSet::new();
    let places = places(&field.session);
    if wants(Noun::Health) {
        let asked = if field.request.org {
            vec![field.session.home.clone()]
        } else {
            field.session.accounts.clone()
        };
        for account in asked {
            let (field, turns) = (Arc::clone(field), Arc::clone(&turns));
            jobs.spawn(async move {
                let _turn = turns.acquire_owned().await;
                if let Some(kept) = store::find(&field.request, Noun::Health, &account.id, "") {
                    return kept;
                }
                let part = health::fetch(&field, &account).await;
                store::keep(&field.request, &part);
                part
            });
        }
    }
    for (account, region) in &places {
        for noun in [Noun::Metrics, Noun::Quotas] {
            if !wants(noun) {
                continue;
            }
            let (field, turns) = (Arc::clone(field), Arc::clone(&turns));
            let (account, region) = (account.clone(), region.clone());
            jobs.spawn(async move {
                let _turn = turns.acquire_owned().await;
                if let Some(kept) = store::find(&field.request, noun, &account.id, &region) {
                    return kept;
                }
                let part = if noun == Noun::Metrics {
                    metrics::fetch(&field, &account, &region).await
                } else {
                    quotas::fetch(&field, &account, &region).await
                };
                store::keep(&field.request, &part);
                part
            });
        }
    }
    let mut parts: BTreeMap<Noun, Vec<Part>> = BTreeMap::new();
    while let Some(part) = jobs.join_next().await {
        if let Ok(part) = part {
            parts.entry(part.noun).or_default().push(part);
        }
    }
    let unheard = parts
        .get(&Noun::Health)
        .is_none_or(|parts| parts.iter().any(|part| part.answers.is_empty()));
    let health_answers = parts
        .get(&Noun::Health)
        .is_some_and(|parts| !parts.is_empty() && !unheard);
    if wants(Noun::Status) && !health_answers {
        parts.insert(Noun::Status, vec![status::fetch(field).await]);
    }
    // A task of the trail that broke is told like a source that broke.
    let trail = trail.await.unwrap_or_default();
    finish(field, parts, trail)
}

fn places(session: &Session) -> Vec<(Account, String)> {
    session
        .accounts
        .iter()
        .flat_map(|account| {
            session
                .regions
                .iter()
                .map(move |region| (account.clone(), region.clone()))
        })
        .collect()
}

fn finish(field: &Field, mut parts: BTreeMap<Noun, Vec<Part>>, trail: trail::Found) -> Evidence {
    let control = &field.control;
    let mut evidence = Evidence {
        notes: field.session.notes.clone(),
        trail,
        ..Evidence::default()
    };
    for noun in Noun::ALL {
        if noun == Noun::Trail || !field.request.wanted.contains(&noun) {
            continue;
        }
        let mut of_noun = parts.remove(&noun).unwrap_or_default();
        if noun == Noun::Status && of_noun.is_empty() {
            continue;
        }
        // Whoever could not be asked is missing from every source.
        if noun != Noun::Status {
            for (account, trouble) in &field.session.lost {
                let mut part = Part::new(noun, account, "");
                part.troubles.push(trouble.clone());
                of_noun.push(part);
            }
        }
        let troubles = of_noun.iter().flat_map(|part| &part.troubles);
        // The feed needs no credentials: its trouble says nothing about ours.
        if noun != Noun::Status {
            evidence.kinds.extend(troubles.map(|trouble| trouble.kind));
        }
        let whole = field.request.case.whole();
        let (answers, mut entry) = entry::of(noun, of_noun, control.receipt.bill(noun), whole);
        if noun != Noun::Status {
            entry.refusals.extend(elsewhere(&field.session));
            entry.refusals.sort();
        }
        if !answers.is_empty() {
            evidence.answers.insert(noun, answers);
        }
        evidence.entries.push(entry);
    }
    if let Some(harvest) = &mut evidence.trail.harvest {
        let elsewhere = elsewhere(&field.session);
        harvest
            .said
            .extend(elsewhere.map(|refusal| (refusal.input, refusal.why)));
    }
    if let Some(entry) = &mut evidence.trail.entry
        && entry.bill.is_none()
    {
        entry.bill = Some(control.receipt.bill(Noun::Trail));
    }
    if let Some(skew) = control.skew_s().filter(|skew| skew.abs() > MOST_SKEW_S) {
        evidence.notes.push(format!(
            "warning: the clock of this machine is {} s {} AWS's: windows given as --since may miss \
             the incident",
            skew.abs(),
            if skew > 0 { "behind" } else { "ahead of" }
        ));
    }
    evidence.log = control.receipt.log();
    evidence.bill = control.receipt.total();
    evidence.stop = control.stopped();
    let ran_out = [known::Kind::Expired, known::Kind::NoCredentials];
    evidence.is_expired =
        evidence.trail.is_expired || ran_out.iter().any(|kind| evidence.kinds.contains(kind));
    evidence.login.clone_from(&field.session.home.login);
    evidence
}

/// Answers that came from elsewhere than AWS must not pass for AWS's in a report.
fn elsewhere(session: &Session) -> impl Iterator<Item = Refusal> + '_ {
    session.overrides.iter().map(|set| Refusal {
        input: set.clone(),
        why: "this address answered instead of AWS's own".to_owned(),
        partly_used: true,
    })
}

impl Evidence {
    /// The failure of a run that brought nothing home although it was asked to, if it is one.
    #[must_use]
    pub fn empty_handed(&self) -> Option<Failure> {
        if self.trail.harvest.is_some() {
            return None;
        }
        let entries = self.entries.iter().chain(&self.trail.entry);
        let mut reasons = Vec::new();
        for entry in entries {
            match &entry.outcome {
                Outcome::Unavailable { why, hint } => {
                    reasons.push((format!("{}: {why}", entry.noun.word()), hint.clone()));
                }
                _ => return None,
            }
        }
        let (first, _) = reasons.first()?.clone();
        let kind = match self.stop {
            Some(Stop::Interrupted) => Kind::Interrupted,
            Some(Stop::Cost | Stop::Time) => return None,
            None if self.kinds.iter().all(|kind| kind.is_ours_to_mend()) => Kind::Credentials,
            None => Kind::Failed,
        };
        let mut hints: Vec<String> = Vec::new();
        for (_, hint) in reasons {
            if !hint.is_empty() && !hints.contains(&hint) {
                hints.push(hint);
            }
        }
        Some(Failure {
            kind,
            error: anyhow::anyhow!("nothing was collected; {first}"),
            hints,
        })
    }
}

//! What a record is to the case: a call, a change, one of the control group, or nothing of ours.
//!
//! Every record that comes in is counted here exactly once. Order of the questions: is it a call
//! at all, can it be placed in time, was it asked about, does it lie in the case, what is it. Only
//! what is kept is decoded beyond its top-level keys.

use super::change::change;
use super::fields::{Record, head};
use super::gather::{Gather, Skip};
use super::identity::{Identity, who};
use super::known::Known;
use super::part::{Kept, Part};
use super::record::{Addendum, Resource, text_of, unwrapped, view};
use super::skim::{values, values_so_far};
use super::slots::Key;
use super::spelling::Spellings;
use super::{OWN_AGENT, ScanRequest};
use crate::bundle::rows::caps;
use crate::bundle::sheet::{Field, Line};
use crate::bundle::texts::Texts;
use std::borrow::Cow;

/// Counts the record and keeps what the request needs of it. The answer is why it was skipped, for
/// the caller's notes; control group and window are not worth one.
#[inline(always)]
pub(super) fn select(
    record: Record<'_>,
    request: &ScanRequest,
    gather: &mut Gather,
) -> Option<Skip> {
    let case = &request.case;
    let (sieve, names) = (&mut gather.sieve, &mut gather.names);
    let mut account = sieve.account(record, names);
    if account == 0 {
        let identity = Identity::read(record.raw(Key::Identity), &mut gather.nested);
        account = names.number(head(&identity.account, caps::NAME));
    }
    let region = sieve.region(record, names);
    let skip = |gather: &mut Gather, why| {
        gather.skip(account, region, why, 1);
        Some(why)
    };
    if !sieve.is_known_call(record) {
        if sieve.is_insight(record.raw(Key::EventCategory), record.raw(Key::EventType)) {
            return skip(gather, Skip::Insight);
        }
        if !sieve.is_known_version(record.raw(Key::EventVersion)) {
            return skip(gather, Skip::UnknownVersion);
        }
        sieve.knows_call(record);
    }
    let Some(second) = sieve.second(record.raw(Key::EventTime)) else {
        return skip(gather, Skip::BadTime);
    };
    let source = record.raw(Key::EventSource).unwrap_or_default();
    let service = sieve.service(source, case, names);
    let is_change = sieve.is_change(
        service,
        record.raw(Key::EventName).unwrap_or_default(),
        record.raw(Key::ReadOnly),
    );
    if !sieve.is_asked(case, names, (account, region), service, is_change) {
        return skip(gather, Skip::OutOfScope);
    }
    if !sieve.is_inside(second, case) {
        gather.out_of_window(account, region);
        return None;
    }
    let (service_name, is_call) = sieve
        .service_of(service)
        .map_or((0, false), |service| (service.name, service.is_asked));
    if is_call && is_own_probe(record) {
        gather.skip(account, region, Skip::OwnProbe, 1);
        return None;
    }
    if is_call || (is_change && request.with_changes) {
        let (part, names, nested) = gather.keep(second, account, region);
        let what = What {
            second,
            account: names.get(account),
            is_call,
            is_change,
        };
        keep(record, &what, request, part, nested);
    } else {
        gather.inside += 1;
        if is_own(record.raw(Key::UserAgent)) {
            gather.skip(account, region, Skip::OwnCall, 1);
            return None;
        }
        gather.skip(account, region, Skip::OtherService, 1);
        if request.with_controls {
            let (is_error, is_fault) = gather.sieve.code(record.raw(Key::ErrorCode));
            let key = (second.div_euclid(60), account, region, service_name);
            gather.control(key, is_error, is_fault);
        }
    }
    None
}

/// Whether the call was made by the probe of the gate, which names itself in the user agent.
fn is_own_probe(record: Record<'_>) -> bool {
    record
        .raw(Key::UserAgent)
        .is_some_and(|agent| agent.starts_with(b"\"ecr-incident-probe/"))
}

/// Whether the caller is this tool: collecting must not change what it finds. Most callers differ in
/// the first letters, behind the quote and S3's bracket.
#[inline(always)]
fn is_own(agent: Option<&[u8]>) -> bool {
    let starts_alike = |agent: &[u8]| {
        agent.starts_with(b"\"aws-sdk-rust/") || agent.starts_with(b"\"[aws-sdk-rust/")
    };
    agent.is_some_and(|agent| {
        starts_alike(agent) && memchr::memmem::find(agent, OWN_AGENT.as_bytes()).is_some()
    })
}

/// What was found out about a record that is kept.
struct What<'a> {
    second: i64,
    account: &'a str,
    is_call: bool,
    is_change: bool,
}

fn keep(
    record: Record<'_>,
    what: &What<'_>,
    request: &ScanRequest,
    part: &mut Part,
    nested: &mut Spellings,
) {
    let &What {
        second,
        account,
        is_call,
        is_change,
    } = what;
    let Part {
        texts,
        callers,
        kept: before,
        ..
    } = &mut *part;
    let last = before.last().map(|kept| kept.line).unwrap_or_default();
    let mut line = Line {
        event_time: second,
        ..Line::default()
    };
    let capped = |texts: &mut Texts, key: Key, field: Field, cap: usize| {
        // Nearly always short and without escapes: then the bytes are looked up as they stand; often
        // they are those of the row before.
        let plain = record.slots.plain(record.text, key);
        match plain.filter(|plain| plain.len() <= cap) {
            Some(plain) if texts.get(last.number(field)).as_bytes() == plain => last.number(field),
            Some(plain) => texts.number_of(plain),
            None => texts.number(head(&text_of(record.raw(key)), cap)),
        }
    };
    // IDs are never met again but in copies, so looking them up would be for nothing.
    line.set(
        Field::EventId,
        texts.push(head(&record.text(Key::EventId), caps::NAME)),
    );
    line.set(Field::RecipientAccount, texts.number(account));
    for (field, key) in [
        (Field::Region, Key::Region),
        (Field::EventSource, Key::EventSource),
        (Field::Api, Key::EventName),
        (Field::ErrorCode, Key::ErrorCode),
        (Field::SharedEventId, Key::SharedEventId),
    ] {
        let number = capped(texts, key, field, caps::NAME);
        line.set(field, number);
    }
    // Without the ID of the event, that of the request tells copies apart.
    let in_full = request.with_callers || is_change || line.number(Field::EventId) == 0;
    if in_full {
        line.set(
            Field::RequestId,
            texts.push(head(&record.text(Key::RequestId), caps::NAME)),
        );
        for (field, key, cap) in [
            (Field::ErrorMessage, Key::ErrorMessage, caps::ERROR_MESSAGE),
            (Field::EventType, Key::EventType, caps::NAME),
            (Field::Source, Key::SourceAddress, caps::NAME),
            (Field::UserAgent, Key::UserAgent, caps::USER_AGENT),
        ] {
            let number = capped(texts, key, field, cap);
            line.set(field, number);
        }
        let endpoint = record.text(Key::VpcEndpoint);
        // CloudTrail also writes service names here, which are no endpoint.
        if endpoint.starts_with("vpce-") {
            line.set(
                Field::VpcEndpoint,
                texts.number(head(&endpoint, caps::NAME)),
            );
        }
    }
    let mut kept = Kept::default();
    if is_call {
        kept.flags |= Kept::CALL;
    }
    if is_change {
        kept.flags |= Kept::CHANGE;
    }
    if let Some(addendum) = record.raw(Key::Addendum) {
        let addendum: Addendum<'_> = view(Some(addendum));
        let name = |text: &str, texts: &mut Texts| texts.number(head(text, caps::NAME));
        line.set(Field::AddendumReason, name(&addendum.reason, texts));
        kept.original_event = name(&addendum.original_event, texts);
        kept.original_request = name(&addendum.original_request, texts);
    }
    let is_shared = line.number(Field::SharedEventId) != 0;
    if in_full || is_shared {
        caller(record, account, texts, callers, &mut line, nested);
    }
    if is_change {
        let (resource, detail) = change(record);
        kept.resource = texts.number(head(&resource, caps::NAME));
        kept.detail = texts.number(&detail);
    }
    kept.line = line;
    part.kept.push(kept);
}

/// Who called, and which repository.
fn caller(
    record: Record<'_>,
    account: &str,
    texts: &mut Texts,
    known: &mut Known<[u32; 3]>,
    line: &mut Line,
    nested: &mut Spellings,
) {
    let raw = record.raw(Key::Identity).unwrap_or_default();
    let number = known.number(raw, || {
        let identity = Identity::read(Some(raw), nested);
        let (principal, session) = who(&identity);
        [&*identity.account, &*principal, session].map(|text| texts.number(head(text, caps::NAME)))
    });
    let [mut own, principal, session] = known.meaning(number).copied().unwrap_or_default();
    if own == 0 {
        own = texts.number(account);
    }
    line.set(Field::CallerAccount, own);
    line.set(Field::Principal, principal);
    line.set(Field::Session, session);
    let (repository, registry) = target(record, nested);
    let repository = texts.number(head(&repository, caps::NAME));
    line.set(Field::Repository, repository);
    // A registry that is not named is the caller's own (ECR API reference).
    let registry = match &*registry {
        "" => own,
        named => texts.number(head(named, caps::NAME)),
    };
    line.set(Field::Registry, registry);
}

/// Repository and registry: from the parameters, else from the resource, else from the details of
/// a service event; empty when none of them says.
fn target<'a>(record: Record<'a>, nested: &mut Spellings) -> (Cow<'a, str>, Cow<'a, str>) {
    let (mut repository, mut registry) = named(record.raw(Key::Parameters), nested);
    if !repository.is_empty() && !registry.is_empty() {
        return (repository, registry);
    }
    let resources: Vec<Resource<'_>> = view(record.raw(Key::Resources));
    let arn_of = |resource: &Resource<'_>| {
        [&*resource.arn, &*resource.arn_lower]
            .iter()
            .find_map(|arn| Some(arn.split_once(":repository/")?.1.to_owned()))
    };
    if repository.is_empty() {
        repository = Cow::Owned(resources.iter().find_map(arn_of).unwrap_or_default());
    }
    if repository.is_empty() {
        repository = named(record.raw(Key::ServiceDetails), nested).0;
    }
    if registry.is_empty() {
        registry = resources
            .iter()
            .map(|resource| &*resource.account)
            .find(|registry| !registry.is_empty())
            .map_or(Cow::Borrowed(""), |registry| {
                Cow::Owned(registry.to_owned())
            });
    }
    (repository, registry)
}

/// The repository and registry that parameters or details name.
pub(super) fn named<'a>(
    raw: Option<&'a [u8]>,
    nested: &mut Spellings,
) -> (Cow<'a, str>, Cow<'a, str>) {
    let Some(raw) = raw else {
        return Default::default();
    };
    if raw.first() == Some(&b'"') {
        // An object written as a text.
        let inside = unwrapped(Some(raw));
        let slots = values(inside.as_bytes(), nested);
        let owned = |key| Cow::Owned(text_of(slots.raw(inside.as_bytes(), key)).into_owned());
        return (owned(Key::Repository), owned(Key::Registry));
    }
    // The names last as long as the text they stand in, whichever way they are found.
    if let Some((repository, registry)) = nested.lead.names(raw) {
        return (Cow::Borrowed(repository), Cow::Borrowed(registry));
    }
    let slots = values_so_far(raw, nested);
    nested.lead.remember(raw, &slots);
    let text = |key| text_of(slots.raw(raw, key));
    (text(Key::Repository), text(Key::Registry))
}

//! The support desk of AWS: the only file outside `collect` that names the Support SDK.
//!
//! Each request is made once; what its error means for the plan in [`super::send`] is decided here:
//! turned away, set gone, answer lost, or refused for good. Retries by the SDK are off.

use super::send::{Desk, Parcel, Refusal};
use crate::case::Case;
use crate::collect::aws::control::Limits;
use crate::collect::aws::fault::{Asker, Trouble};
use crate::collect::aws::known::{self, Call};
use crate::collect::aws::session::Identity;
use crate::collect::aws::{self, Field, Request, Unwatched, Watch};
use crate::failure::Failure;
use aws_sdk_support::Client;
use aws_sdk_support::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_support::primitives::Blob;
use aws_sdk_support::types::Attachment;
use aws_smithy_runtime_api::http::Response;
use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// What a new case needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// Service code; found by name when absent.
    pub service: Option<String>,
    /// Category code; found by name when absent.
    pub category: Option<String>,
    /// Part of the service's name.
    pub hint: String,
}

/// Cases younger than this are asked for the marker, days.
const LOOK_BACK_DAYS: i64 = 14;

/// Signs in and hands the desk to some work.
///
/// # Errors
/// When nobody could sign in.
pub fn at_the_desk<T>(
    case: &Case,
    identity: &Identity,
    wish: &Wish,
    work: impl FnOnce(&mut dyn Desk) -> T,
) -> Result<T, Failure> {
    let request = Request {
        case: case.clone(),
        identity: identity.clone(),
        limits: Limits::default(),
        wanted: Vec::new(),
        org: false,
        status_url: None,
        folder: std::path::PathBuf::new(),
        resume: false,
        trail: aws::trail::Wish::default(),
    };
    let watch: Arc<dyn Watch> = Arc::new(Unwatched);
    let wish = wish.clone();
    aws::probe(&request, &watch, |field: Arc<Field>| async move {
        let region = field.session.partition.default_region.clone();
        let mut desk = AwsDesk {
            client: field.session.home.support(&region),
            asker: field.session.home.asker(&region),
            field,
            wish,
        };
        // The plan is synchronous and waits for each answer; this thread has nothing else to do.
        tokio::task::block_in_place(|| work(&mut desk))
    })
}

struct AwsDesk {
    client: Client,
    asker: Asker,
    field: Arc<Field>,
    wish: Wish,
}

impl AwsDesk {
    fn ask<T, E, A>(&self, operation: &str, request: A) -> Result<T, Refusal>
    where
        A: Future<Output = Result<T, SdkError<E, Response>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let answer = Handle::current().block_on(request);
        answer.map_err(|error| refusal(known::call("support", operation), &self.asker, &error))
    }
}

fn refusal<E>(call: &Call, asker: &Asker, error: &SdkError<E, Response>) -> Refusal
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let trouble = Trouble::of(call, asker, error);
    let sentence = || format!("{}. {}", trouble.sentence(), trouble.hint);
    match error {
        SdkError::ServiceError(answer) => {
            let code = answer.err().code().unwrap_or_default();
            let bare = code.rsplit('#').next().unwrap_or(code);
            let status = answer.raw().status().as_u16();
            // AttachmentLimitExceeded: too many sets were begun in a short time.
            let slow_down = ["Throttl", "TooManyRequests", "AttachmentLimitExceeded"];
            if status == 429 || slow_down.iter().any(|word| bare.starts_with(word)) {
                Refusal::Busy
            } else if bare.starts_with("AttachmentSetExpired")
                || bare.starts_with("AttachmentSetIdNotFound")
            {
                Refusal::SetGone
            } else if status >= 500 {
                Refusal::Lost(trouble.sentence())
            } else {
                Refusal::Final(sentence())
            }
        }
        SdkError::ConstructionFailure(_) => Refusal::Final(sentence()),
        _ => Refusal::Lost(trouble.sentence()),
    }
}

impl Desk for AwsDesk {
    fn add_file(&mut self, set: Option<&str>, name: &str, bytes: &[u8]) -> Result<String, Refusal> {
        let file = Attachment::builder()
            .file_name(name)
            .data(Blob::new(bytes))
            .build();
        let request = self
            .client
            .add_attachments_to_set()
            .set_attachment_set_id(set.map(str::to_owned))
            .attachments(file)
            .send();
        let answer = self.ask("AddAttachmentsToSet", request)?;
        answer
            .attachment_set_id()
            .map(str::to_owned)
            .ok_or_else(|| Refusal::Lost("the answer names no set of attachments".to_owned()))
    }

    fn write(&mut self, case: &str, body: &str, set: &str) -> Result<(), Refusal> {
        let request = self
            .client
            .add_communication_to_case()
            .case_id(case)
            .communication_body(body)
            .attachment_set_id(set)
            .send();
        self.ask("AddCommunicationToCase", request).map(|_| ())
    }

    fn create(&mut self, parcel: &Parcel, set: &str) -> Result<String, Refusal> {
        let (service, category) = self.filed()?;
        let request = self
            .client
            .create_case()
            .subject(&parcel.subject)
            .communication_body(parcel.letter())
            .severity_code(&parcel.severity)
            .service_code(service)
            .category_code(category)
            .issue_type("technical")
            .language("en")
            .attachment_set_id(set)
            .send();
        let answer = self.ask("CreateCase", request)?;
        answer
            .case_id()
            .map(str::to_owned)
            .ok_or_else(|| Refusal::Lost("the answer names no case".to_owned()))
    }

    fn find(&mut self, case: Option<&str>, marker: &str) -> Result<Option<String>, Refusal> {
        let holds = |body: Option<&str>| body.is_some_and(|body| body.contains(marker));
        let mut next: Option<String> = None;
        loop {
            let (found, token) = match case {
                Some(id) => {
                    let request = self
                        .client
                        .describe_communications()
                        .case_id(id)
                        .max_results(100)
                        .set_next_token(next)
                        .send();
                    let answer = self.ask("DescribeCommunications", request)?;
                    let found = answer.communications().iter().any(|one| holds(one.body()));
                    (
                        found.then(|| id.to_owned()),
                        answer.next_token().map(str::to_owned),
                    )
                }
                None => {
                    let after =
                        self.field.request.case.now - chrono::Duration::days(LOOK_BACK_DAYS);
                    let request = self
                        .client
                        .describe_cases()
                        .include_resolved_cases(true)
                        .include_communications(true)
                        .after_time(crate::case::rfc3339(after))
                        .max_results(100)
                        .set_next_token(next)
                        .send();
                    let answer = self.ask("DescribeCases", request)?;
                    let found = answer.cases().iter().find(|one| {
                        one.recent_communications().is_some_and(|recent| {
                            recent.communications().iter().any(|one| holds(one.body()))
                        })
                    });
                    (
                        found.and_then(|one| one.case_id()).map(str::to_owned),
                        answer.next_token().map(str::to_owned),
                    )
                }
            };
            if found.is_some() || token.as_deref().is_none_or(str::is_empty) {
                return Ok(found);
            }
            next = token;
        }
    }

    fn pause(&mut self, tries: u32) {
        let seconds = 2_u64.saturating_pow(tries.min(5)).min(20);
        Handle::current().block_on(tokio::time::sleep(Duration::from_millis(seconds * 250)));
    }

    fn now(&self) -> i64 {
        self.field.request.case.now.timestamp()
            + i64::try_from(self.field.control.elapsed().as_secs()).unwrap_or(0)
    }
}

impl AwsDesk {
    /// Service and category of a new case: as wished, else by the names the API lists.
    fn filed(&self) -> Result<(String, String), Refusal> {
        if let (Some(service), Some(category)) = (&self.wish.service, &self.wish.category) {
            return Ok((service.clone(), category.clone()));
        }
        let answer = self.ask(
            "DescribeServices",
            self.client.describe_services().language("en").send(),
        )?;
        let service = answer
            .services()
            .iter()
            .find(|service| match &self.wish.service {
                Some(code) => service.code() == Some(code.as_str()),
                None => service.name().is_some_and(|name| name.contains(&self.wish.hint)),
            })
            .ok_or_else(|| Refusal::Final("no service of that name is listed: name one with --service-code and --category-code".to_owned()))?;
        let categories = service.categories();
        let category = match &self.wish.category {
            Some(code) => Some(code.clone()),
            None => categories
                .iter()
                .find(|one| one.name().is_some_and(|name| name.contains("API")))
                .or_else(|| categories.first())
                .and_then(|one| one.code().map(str::to_owned)),
        };
        match (service.code(), category) {
            (Some(service), Some(category)) => Ok((service.to_owned(), category)),
            _ => Err(Refusal::Final(
                "the service lists no category: name one with --category-code".to_owned(),
            )),
        }
    }
}

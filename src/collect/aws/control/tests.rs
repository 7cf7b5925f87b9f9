//! What a call that waited in vain is told to have died of.

use super::*;
use crate::collect::aws::known;
use aws_sdk_sts::error::ErrorMetadata;
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
use aws_smithy_types::body::SdkBody;
use std::sync::atomic::AtomicU32;

fn complaint() -> SdkError<GetCallerIdentityError, Response> {
    let status = 400.try_into().unwrap();
    let meta = ErrorMetadata::builder().code("ThrottlingException").build();
    SdkError::service_error(
        GetCallerIdentityError::generic(meta),
        Response::new(status, SdkBody::empty()),
    )
}

#[test]
fn a_call_that_waits_in_vain_after_throttling_was_throttled() {
    let limits = Limits {
        patience: Duration::from_millis(30),
        ..Limits::default()
    };
    let now = "2026-03-11T12:00:00Z".parse().unwrap();
    let control = Control::new(limits, Receipt::new(now));
    let call = known::call("sts", "GetCallerIdentity");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // Whether the time runs out here or in the SDK.
    for (complaints, in_sdk, kind) in [
        (0, false, Kind::Network),
        (1, false, Kind::Throttled),
        (0, true, Kind::Network),
        (1, true, Kind::Throttled),
    ] {
        let tries = AtomicU32::new(0);
        let answer = runtime.block_on(control.call(call, &Asker::default(), || async {
            if tries.fetch_add(1, Ordering::Relaxed) < complaints {
                return Err(complaint());
            }
            if in_sdk {
                return Err(SdkError::timeout_error("the turn never came"));
            }
            std::future::pending::<Result<(), _>>().await
        }));
        assert_eq!(answer.unwrap_err().kind, kind);
    }
}

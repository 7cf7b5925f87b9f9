//! Every protocol tells its operation, and what is not listed is known as such.

use super::*;
use aws_smithy_types::body::SdkBody;

fn request(uri: &str, headers: &[(&str, &str)], body: &str) -> HttpRequest {
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_uri(uri).unwrap();
    for (name, value) in headers {
        request
            .headers_mut()
            .insert((*name).to_owned(), (*value).to_owned());
    }
    request
}

fn auth(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260311/eu-west-1/{service}/aws4_request, SignedHeaders=host"
    )
}

#[test]
fn every_protocol_tells_its_operation() {
    let (logs, metrics, s3, sts) = (auth("logs"), auth("monitoring"), auth("s3"), auth("sts"));
    let cases = [
        (
            request(
                "http://h/",
                &[
                    ("authorization", &logs),
                    ("x-amz-target", "Logs_20140328.StartQuery"),
                ],
                "{}",
            ),
            "StartQuery",
        ),
        (
            request(
                "http://h/service/GraniteServiceVersion20100801/operation/ListMetrics",
                &[("authorization", &metrics)],
                "",
            ),
            "ListMetrics",
        ),
        (
            request(
                "http://h/b?list-type=2&prefix=x",
                &[("authorization", &s3)],
                "",
            ),
            "ListObjectsV2",
        ),
        (
            request(
                "http://h/b/key?x-id=GetObject",
                &[("authorization", &s3)],
                "",
            ),
            "GetObject",
        ),
        (
            request(
                "http://h/",
                &[("authorization", &sts)],
                "Action=AssumeRole&Version=2011-06-15",
            ),
            "AssumeRole",
        ),
    ];
    for (request, operation) in cases {
        let (key, call) = asked(&request).unwrap();
        assert_eq!(key.operation, operation);
        assert_eq!(
            (key.who.as_str(), key.region.as_str()),
            ("AKIDEXAMPLE", "eu-west-1")
        );
        assert!(call.is_some(), "{operation}");
    }
}

#[test]
fn what_is_not_listed_is_known_as_such() {
    let iam = auth("iam");
    let request = request("http://h/", &[("authorization", &iam)], "Action=DeleteUser");
    let (_, call) = asked(&request).unwrap();
    assert!(call.is_none());
}

//! The small pieces of the AWS CLI's JSON: times, and members that are left out when absent.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Map, Value};

/// A time as the AWS CLI prints it; `null` when it cannot be written.
pub(super) fn time(at: &DateTime) -> Value {
    at.fmt(Format::DateTime).map_or(Value::Null, Value::from)
}

/// An object that leaves out what is absent, as AWS does.
#[derive(Default)]
pub(super) struct Object(Map<String, Value>);

impl Object {
    /// Adds a member when there is one.
    pub(super) fn put(mut self, key: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), value.into());
        }
        self
    }

    /// Adds a time when there is one.
    pub(super) fn time(self, key: &str, at: Option<&DateTime>) -> Self {
        self.put(key, at.map(time))
    }

    /// The object.
    pub(super) fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// The bytes of a body, at most so many.
pub(super) async fn collect(
    body: aws_smithy_types::body::SdkBody,
    most: usize,
) -> Result<Vec<u8>, String> {
    let mut stream = aws_smithy_types::byte_stream::ByteStream::new(body);
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| format!("the answer broke off: {error}"))?;
        if bytes.len() + chunk.len() > most {
            return Err(format!("the answer is larger than {most} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

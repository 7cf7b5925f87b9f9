//! Secrets by reference: read when they are needed, kept nowhere, never part of a message.

use super::config::Reference;
use super::{Trouble, aws};

/// The value behind a reference.
pub(super) async fn read(reference: &Reference) -> Result<String, Trouble> {
    let text = match reference {
        Reference::File(path) => std::fs::read_to_string(path)
            .map_err(|error| Trouble::Lasting(format!("the secret in {path}: {error}")))?,
        Reference::Env(name) => {
            #[expect(
                clippy::disallowed_methods,
                reason = "a secret by reference is read where it is used, so that it is kept nowhere"
            )]
            let value = std::env::var(name);
            value.map_err(|_| {
                Trouble::Lasting(format!("the environment variable {name} is not set"))
            })?
        }
        Reference::Secret(name) => aws::secret(name).await?,
    };
    let text = text.trim().to_owned();
    if text.is_empty() {
        return Err(Trouble::Lasting("the secret is empty".to_owned()));
    }
    Ok(text)
}

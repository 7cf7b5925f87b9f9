//! The credentials of one account, and getting fresh ones when AWS no longer takes those at hand.
//!
//! The SDK keeps credentials until the time they say themselves, and a profile it has read for good. A
//! token can end earlier, and a person can log in again while a run is under way; so once AWS refuses a
//! call for its credentials, everything is read anew: profile, token cache, `credential_process`, role.
//! It must never keep asking for fresh ones in vain, and never write a credential anywhere.

use super::control::Control;
use super::known::Kind;
use super::session::{self, Identity as Who};
use aws_config::identity::IdentityCache;
use aws_sdk_sts::config::{
    Credentials, IntoShared as _, ProvideCredentials as _, ResolveCachedIdentity,
    SharedCredentialsProvider, SharedIdentityCache,
};
use aws_smithy_runtime_api::client::identity::{IdentityFuture, SharedIdentityResolver};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long credentials may take to come. A `credential_process` may ask a person; the SDK's own limit
/// of five seconds is too short for that.
const LOADING: Duration = Duration::from_secs(60);

/// How an account's credentials are found from the beginning.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// What was typed.
    pub(super) who: Who,
    /// The role on top, and the region it is assumed in.
    pub(super) role: Option<(String, String)>,
}

/// What is at hand.
#[derive(Debug)]
struct Held {
    /// Counts the renewals.
    generation: u64,
    /// Instead of the client's own, once renewed.
    resolver: Option<SharedIdentityResolver>,
    cache: SharedIdentityCache,
    /// What the last call was signed with.
    last: Option<Credentials>,
    /// There are no others than those AWS refused.
    is_spent: bool,
    /// Regions that refused credentials which others may take.
    refused_in: BTreeSet<String>,
}

/// Stands in for the SDK's cache of credentials in all clients of an account.
#[derive(Debug)]
pub(super) struct Keyring {
    origin: Origin,
    control: Arc<Control>,
    held: Mutex<Held>,
    /// Held while fresh credentials are fetched, so that many refused calls fetch them once.
    renewing: tokio::sync::Mutex<()>,
}

impl Keyring {
    pub(super) fn new(origin: Origin, control: &Arc<Control>) -> Arc<Self> {
        Arc::new(Self {
            origin,
            control: Arc::clone(control),
            held: Mutex::new(Held {
                generation: 0,
                resolver: None,
                cache: cache(),
                last: None,
                is_spent: false,
                refused_in: BTreeSet::new(),
            }),
            renewing: tokio::sync::Mutex::default(),
        })
    }

    /// What the clients of the account are to ask for credentials.
    pub(super) fn door(self: &Arc<Self>) -> SharedIdentityCache {
        Door(Arc::clone(self)).into_shared()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Every change is one assignment after another, none of which can fail half way.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which credentials a call made now is signed with.
    pub(super) fn generation(&self) -> u64 {
        self.held().generation
    }

    /// Fetches others than those of a generation that AWS refused; whether there are any.
    pub(super) async fn renew(&self, refused: u64, why: Kind, region: &str) -> bool {
        let _turn = self.renewing.lock().await;
        {
            let mut held = self.held();
            if held.generation != refused {
                return true;
            }
            // A region that is not enabled refuses the best credentials: it is tried once.
            let is_new = why != Kind::RegionOff || held.refused_in.insert(region.to_owned());
            if held.is_spent || !is_new {
                return false;
            }
        }
        let fetched = tokio::time::timeout(LOADING, self.fetch()).await;
        let mut held = self.held();
        let found = fetched.ok().flatten();
        let Some((provider, _)) = found.filter(|(_, keys)| !same(held.last.as_ref(), keys)) else {
            // Good credentials that one region refuses are no reason to give up elsewhere.
            held.is_spent = why != Kind::RegionOff;
            return false;
        };
        held.generation += 1;
        held.resolver = Some(SharedIdentityResolver::new(provider));
        held.cache = cache();
        true
    }

    async fn fetch(&self) -> Option<(SharedCredentialsProvider, Credentials)> {
        let provider = session::provider(&self.origin, &self.control).await?;
        let keys = provider.provide_credentials().await.ok()?;
        Some((provider, keys))
    }
}

/// The keyring as the SDK takes it.
#[derive(Debug)]
struct Door(Arc<Keyring>);

impl ResolveCachedIdentity for Door {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        config: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        let (cache, renewed) = {
            let held = self.0.held();
            (held.cache.clone(), held.resolver.clone())
        };
        IdentityFuture::new(async move {
            let resolver = renewed.unwrap_or(resolver);
            let found = cache
                .resolve_cached_identity(resolver, components, config)
                .await?;
            self.0.held().last = found.data::<Credentials>().cloned();
            Ok(found)
        })
    }
}

fn cache() -> SharedIdentityCache {
    IdentityCache::lazy().load_timeout(LOADING).build()
}

/// Whether these are the credentials AWS refused.
fn same(last: Option<&Credentials>, fresh: &Credentials) -> bool {
    last.is_some_and(|last| {
        (last.access_key_id(), last.session_token())
            == (fresh.access_key_id(), fresh.session_token())
    })
}

//! Passwords: argon2id, off the threads that serve requests, a few at a time.
//!
//! An unknown user costs the same work as a known one, so that time tells nobody who exists.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::{Semaphore, oneshot};
use understudy_shared::SecretInput;

use crate::aside;
use crate::error::ApiError;

/// Hashes made at the same time. Each takes 19 MiB: more of them would let strangers fill the memory and both cores.
static SLOTS: Semaphore = Semaphore::const_new(4);

/// The hash of no password of anybody, for users that do not exist.
static NOBODY: OnceLock<String> = OnceLock::new();

/// Hashes a new password into a PHC string.
///
/// # Errors
/// Only if the hash cannot be made.
pub async fn hash(password: &SecretInput) -> Result<String, ApiError> {
    let password = password.clone();
    apart(move || hash_now(password.expose())).await
}

/// Whether a password is the one that was hashed. With no hash, the answer is no after the same work.
///
/// # Errors
/// If a stored hash is not one, or the work cannot be done.
pub async fn verify(password: &SecretInput, stored: Option<String>) -> Result<bool, ApiError> {
    let password = password.clone();
    apart(move || {
        // Made for whoever comes first, known or not, so that its making tells nothing either.
        let nobody = nobody()?;
        let known = stored.is_some();
        let stored = stored.unwrap_or(nobody);
        let parsed = PasswordHash::new(&stored).map_err(ApiError::internal)?;
        let fits = Argon2::default()
            .verify_password(password.expose().as_bytes(), &parsed)
            .is_ok();
        Ok(fits && known)
    })
    .await
}

/// Does the work aside. The slot is the thread's: callers who leave free none.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let slot = SLOTS.acquire().await.map_err(ApiError::internal)?;
    let (tell, told) = oneshot::channel();
    let work = move || {
        let done = work();
        drop(slot);
        done
    };
    // Whoever asked may have left.
    let tell = move |done| drop(tell.send(done));
    aside::start(work, tell).map_err(ApiError::internal)?;
    told.await.map_err(ApiError::internal)?
}

fn hash_now(password: &str) -> Result<String, ApiError> {
    let hash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(ApiError::internal)?;
    Ok(hash.to_string())
}

fn nobody() -> Result<String, ApiError> {
    if let Some(hash) = NOBODY.get() {
        return Ok(hash.clone());
    }
    let hash = hash_now(&super::random_token())?;
    Ok(NOBODY.get_or_init(|| hash).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_fits_and_nobody_has_one() {
        let password = SecretInput::new("correct horse battery");
        let stored = hash(&password).await.unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        assert!(verify(&password, Some(stored.clone())).await.unwrap());
        assert!(
            !verify(&SecretInput::new("correct horse"), Some(stored))
                .await
                .unwrap()
        );
        assert!(!verify(&password, None).await.unwrap());
    }

    /// One look at each is enough: work on this thread would be done by then.
    #[tokio::test]
    async fn the_work_is_done_on_another_thread() {
        let password = SecretInput::new("correct horse battery");
        let stored = hash(&password).await.unwrap();
        let mut hashing = std::pin::pin!(hash(&password));
        let mut verifying = std::pin::pin!(verify(&password, Some(stored)));
        tokio::select! {
            biased;
            _ = &mut hashing => panic!("hashed on the thread that serves requests"),
            _ = &mut verifying => panic!("verified on the thread that serves requests"),
            () = std::future::ready(()) => {}
        }
        hashing.await.unwrap();
        assert!(verifying.await.unwrap());
    }
}

//! `understudy rekey`: encrypts every stored secret with the newest key, so that the older ones can be thrown away.
//!
//! The rule: at every moment each secret can be decrypted by whoever has both keys. A secret is read, encrypted anew, and put in the place
//! of what was read and of nothing else, in short transactions; so services go on, whoever enters a secret meanwhile wins, two runs
//! at once share the work, and one that was killed is simply run again.

use diesel_async::{AsyncConnection as _, AsyncPgConnection};

use crate::auth::author::Author;
use crate::config::Config;
use crate::db::stored_secrets::{self, StoredSecret};
use crate::db::{self, Change, Pulse, model_instances};
use crate::error::ApiError;
use crate::secrets::SecretCipher;
use crate::server::{ServeError, load_secret_keys, open_database};

/// Secrets of one transaction: some milliseconds for those who change instances meanwhile.
const BATCH: usize = 500;
/// How often it begins anew because others enter secrets with an older key. Services that do not know the newest one do so for ever.
const PASSES: usize = 10;

/// What a look at all secrets has found.
struct Survey {
    /// Encrypted with the newest key already.
    new: usize,
    /// To be encrypted with it, and how they will be.
    old: Vec<(StoredSecret, Vec<u8>)>,
    /// Cannot be decrypted.
    unreadable: usize,
}

/// Runs the command.
///
/// # Errors
/// If the database fails, or not every secret is encrypted with the newest key in the end.
pub async fn run(config: Config) -> Result<(), ServeError> {
    let (url, embedded) = open_database(&config).await?;
    let done = async {
        let cipher = SecretCipher::new(load_secret_keys(&config)?);
        let pool = db::pool(&url, &Pulse::default())?;
        let mut conn = pool.get().await.map_err(ApiError::from)?;
        rekey(&mut conn, &cipher).await
    };
    let done = done.await;
    if let Some(embedded) = embedded {
        embedded.stop().await;
    }
    done
}

async fn rekey(conn: &mut AsyncPgConnection, cipher: &SecretCipher) -> Result<(), ServeError> {
    let author = Author::command("rekey");
    let key = cipher.newest_id();
    let (mut done, mut already) = (0, None);
    for _ in 0..PASSES {
        let survey = survey(conn, cipher).await?;
        let already = *already.get_or_insert(survey.new);
        if survey.old.is_empty() {
            tracing::info!(
                key,
                reencrypted = done,
                already_new = already,
                unreadable = survey.unreadable,
                "went over all stored secrets"
            );
            return match survey.unreadable {
                0 => Ok(()),
                unreadable => Err(ServeError::Unreadable(unreadable)),
            };
        }
        let all = survey.old.len();
        let mut seen = 0;
        for batch in survey.old.chunks(BATCH) {
            done += conn
                .transaction::<_, ApiError, _>(async |conn| {
                    // In the order of all who change instances, so that nobody waits in a circle.
                    model_instances::lock_configuration(conn).await?;
                    let mut change = Change::within(conn, &author)?;
                    Ok(stored_secrets::replace(&mut change, key, batch).await?)
                })
                .await?;
            seen += batch.len();
            tracing::info!(
                key,
                "{seen} of {all} secrets are encrypted with the newest key"
            );
        }
    }
    Err(ServeError::RekeyedInVain)
}

async fn survey(conn: &mut AsyncPgConnection, cipher: &SecretCipher) -> Result<Survey, ServeError> {
    let mut survey = Survey {
        new: 0,
        old: Vec::new(),
        unreadable: 0,
    };
    for secret in stored_secrets::all(conn).await.map_err(ApiError::from)? {
        let place = secret.place();
        match cipher.decrypt(place, &secret.encrypted) {
            Ok(_) if cipher.is_newest(&secret.encrypted) => survey.new += 1,
            Ok(clear) => {
                let new = cipher.encrypt(place, &clear).map_err(ApiError::internal)?;
                survey.old.push((secret, new));
            }
            Err(error) => {
                survey.unreadable += 1;
                tracing::warn!(
                    table = place.table,
                    instance = secret.instance,
                    label = secret.label,
                    %error,
                    "a stored secret stays as it is"
                );
            }
        }
    }
    Ok(survey)
}

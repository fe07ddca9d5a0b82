//! Access tokens: JSON Web Tokens that live for a quarter of an hour.
//!
//! One algorithm (HS256) and one issuer; whatever the header of a token claims, nothing else is accepted. The key is found by
//! `kid`, so that keys can be rotated: the newest signs, all of them verify. A token alone grants nothing: [`super::principal`]
//! looks up the session and the user behind it at each request.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde::{Deserialize, Serialize};
use understudy_shared::UserId;
use uuid::Uuid;

use crate::keys::KeyRing;

/// How long an access token lives.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(15);
const ISSUER: &str = "understudy";
const AUDIENCE: &str = "understudy-management";
const TYPE: &str = "access";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// The user.
    sub: Uuid,
    /// The session.
    sid: Uuid,
    /// What kind of token this is, so that another one of the same key is never taken for it.
    typ: String,
    iat: i64,
    exp: i64,
}

/// What a valid access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The user.
    pub user: UserId,
    /// The session.
    pub session: Uuid,
}

/// Signs and verifies access tokens.
pub struct AccessTokens {
    keys: KeyRing,
    validation: Validation,
}

impl AccessTokens {
    /// With these keys: the newest signs, all of them verify.
    pub fn new(keys: KeyRing) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Replicas share the database's clock for everything that matters; a minute of grace would be a minute too long.
        validation.leeway = 0;
        Self { keys, validation }
    }

    /// A token for this session, and when it ends: after a quarter of an hour, or with the session.
    ///
    /// # Errors
    /// Only if the signature cannot be made.
    pub fn sign(
        &self,
        access: Access,
        now: DateTime<Utc>,
        session_ends: DateTime<Utc>,
    ) -> Result<(String, DateTime<Utc>), jsonwebtoken::errors::Error> {
        let expires_at = (now + LIFETIME).min(session_ends);
        // The token carries whole seconds, and the answer must not promise more than it.
        let expires_at = expires_at
            .duration_trunc(TimeDelta::seconds(1))
            .unwrap_or(expires_at);
        let key = self.keys.newest();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: access.user.0,
            sid: access.session,
            typ: TYPE.to_owned(),
            iat: now.timestamp(),
            exp: expires_at.timestamp(),
        };
        let header = Header {
            kid: Some(key.id().to_owned()),
            ..Header::new(Algorithm::HS256)
        };
        let token = encode(&header, &claims, &EncodingKey::from_secret(key.bytes()))?;
        Ok((token, expires_at))
    }

    /// What a token says, if it is one of ours and not over.
    pub fn verify(&self, token: &str) -> Option<Access> {
        Some(self.verify_until(token)?.0)
    }

    /// As [`AccessTokens::verify`], and when the token ends.
    pub fn verify_until(&self, token: &str) -> Option<(Access, DateTime<Utc>)> {
        let header = decode_header(token).ok()?;
        let key = self.keys.find(header.kid.as_deref()?)?;
        let decoded = decode::<Claims>(
            token,
            &DecodingKey::from_secret(key.bytes()),
            &self.validation,
        )
        .ok()?;
        let claims = decoded.claims;
        let access = Access {
            user: UserId(claims.sub),
            session: claims.sid,
        };
        let ends = DateTime::from_timestamp(claims.exp, 0)?;
        (claims.typ == TYPE).then_some((access, ends))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::keys::Key;

    fn tokens(keys: &[(&str, u8)]) -> AccessTokens {
        AccessTokens::new(
            KeyRing::new(
                keys.iter()
                    .map(|(id, byte)| Key::new(id, [*byte; 32]))
                    .collect(),
            )
            .unwrap(),
        )
    }

    fn access() -> Access {
        Access {
            user: UserId(Uuid::now_v7()),
            session: Uuid::now_v7(),
        }
    }

    fn signed(tokens: &AccessTokens, access: Access, now: DateTime<Utc>) -> String {
        tokens
            .sign(access, now, now + TimeDelta::days(30))
            .unwrap()
            .0
    }

    #[test]
    fn a_token_says_who_and_is_found_by_its_key_after_a_rotation() {
        let access = access();
        let token = signed(&tokens(&[("old", 1)]), access, Utc::now());
        assert_eq!(
            tokens(&[("new", 2), ("old", 1)]).verify(&token),
            Some(access)
        );
        assert_eq!(tokens(&[("new", 2)]).verify(&token), None);
        assert_eq!(tokens(&[("old", 3)]).verify(&token), None);
    }

    #[test]
    fn a_token_ends_after_a_quarter_of_an_hour_or_with_its_session() {
        let tokens = tokens(&[("k", 1)]);
        let now = Utc::now();
        let (_, ends) = tokens
            .sign(access(), now, now + TimeDelta::days(1))
            .unwrap();
        assert!(ends <= now + LIFETIME && ends > now + LIFETIME - TimeDelta::seconds(1));
        let token = signed(&tokens, access(), now);
        assert_eq!(
            tokens.verify_until(&token).map(|(_, until)| until),
            Some(ends)
        );
        let (_, ends) = tokens
            .sign(access(), now, now + TimeDelta::seconds(60))
            .unwrap();
        assert!(ends <= now + TimeDelta::seconds(60));
        let old = signed(&tokens, access(), now - LIFETIME - TimeDelta::seconds(2));
        assert_eq!(tokens.verify(&old), None);
    }

    #[test]
    fn no_other_algorithm_and_no_changed_claim_is_accepted() {
        let tokens = tokens(&[("k", 1)]);
        let token = signed(&tokens, access(), Utc::now());
        let parts: Vec<&str> = token.split('.').collect();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"k"}"#);
        assert_eq!(tokens.verify(&format!("{none}.{}.", parts[1])), None);
        let claims: serde_json::Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        let key = EncodingKey::from_secret(&[1; 32]);
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            let header = Header {
                kid: Some("k".into()),
                ..Header::new(algorithm)
            };
            let token = encode(&header, &claims, &key).unwrap();
            assert_eq!(tokens.verify(&token), None, "{algorithm:?}");
        }
        // A right signature under the name of another algorithm.
        let rs256 = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"k"}"#);
        let message = format!("{rs256}.{}", parts[1]);
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        assert_eq!(tokens.verify(&format!("{message}.{signature}")), None);
        for claim in ["iss", "aud", "sub", "sid", "typ", "iat", "exp"] {
            let mut claims = claims.clone();
            claims.as_object_mut().unwrap().remove(claim);
            let header = Header {
                kid: Some("k".into()),
                ..Header::new(Algorithm::HS256)
            };
            let token = encode(&header, &claims, &key).unwrap();
            assert_eq!(tokens.verify(&token), None, "without {claim}");
        }
        for (claim, value) in [
            ("typ", "refresh"),
            ("iss", "somebody"),
            ("aud", "elsewhere"),
        ] {
            let mut claims = claims.clone();
            claims[claim] = value.into();
            let header = Header {
                kid: Some("k".into()),
                ..Header::new(Algorithm::HS256)
            };
            assert_eq!(
                tokens.verify(&encode(&header, &claims, &key).unwrap()),
                None,
                "{claim}"
            );
        }
    }
}

//! From validated values to rows: secrets that came with the request are encrypted, kept ones are taken over as they are.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    InstanceHeaderRow, InstanceProxyRow, InstanceTokenRow, ModelInstanceRow, StoredConnectionError,
    StoredModelInstance,
};
use crate::domain::model_instance::{ValidHeader, ValidModelInstance, ValidProxy, ValidToken};
use crate::secrets::{Secret, SecretCipher, SecretError, SecretPlace};

impl StoredModelInstance {
    /// A new instance.
    ///
    /// # Errors
    /// If a secret cannot be encrypted.
    pub fn new(
        valid: &ValidModelInstance,
        cipher: &SecretCipher,
        now: DateTime<Utc>,
    ) -> Result<Self, StoredConnectionError> {
        let row = ModelInstanceRow::new(Uuid::now_v7(), valid, now)?;
        let empty = Self {
            row,
            tokens: Vec::new(),
            headers: Vec::new(),
            proxies: Vec::new(),
        };
        Ok(empty.with_parts(valid, cipher)?)
    }

    /// The instance after a change. Items that name a stored one without a new secret keep theirs.
    ///
    /// # Errors
    /// If a secret cannot be encrypted.
    pub fn changed(
        &self,
        valid: &ValidModelInstance,
        cipher: &SecretCipher,
        now: DateTime<Utc>,
    ) -> Result<Self, StoredConnectionError> {
        let row = self.row.changed(valid, now)?;
        Ok(Self {
            row,
            ..self.clone()
        }
        .with_parts(valid, cipher)?)
    }

    /// The same instance as a new one with another name. Its secrets move to rows of their own, so they are encrypted anew.
    ///
    /// # Errors
    /// If a secret cannot be decrypted.
    pub fn duplicate(
        &self,
        name: &str,
        cipher: &SecretCipher,
        now: DateTime<Utc>,
    ) -> Result<Self, StoredConnectionError> {
        let id = Uuid::now_v7();
        let row = self.row.copied(id, name, now);
        let tokens = self.tokens.iter().map(|token| {
            let (copy, value) = (Uuid::now_v7(), token.open(cipher).value?);
            let value_encrypted = cipher.encrypt(SecretPlace::token(copy), &value)?;
            Ok(InstanceTokenRow {
                id: copy,
                instance_id: id,
                value_encrypted,
                ..token.clone()
            })
        });
        let headers = self.headers.iter().map(|header| {
            let (copy, value) = (Uuid::now_v7(), header.open(cipher).value?);
            let value_encrypted = cipher.encrypt(SecretPlace::header(copy), &value)?;
            Ok(InstanceHeaderRow {
                id: copy,
                instance_id: id,
                value_encrypted,
                ..header.clone()
            })
        });
        let proxies = self.proxies.iter().map(|proxy| {
            let (copy, password) = (Uuid::now_v7(), proxy.open(cipher).password);
            let password_encrypted = password
                .map(|password| cipher.encrypt(SecretPlace::proxy(copy), &password?))
                .transpose()?;
            Ok(InstanceProxyRow {
                id: copy,
                instance_id: id,
                password_encrypted,
                ..proxy.clone()
            })
        });
        Ok(Self {
            row,
            tokens: tokens.collect::<Result<_, SecretError>>()?,
            headers: headers.collect::<Result<_, SecretError>>()?,
            proxies: proxies.collect::<Result<_, SecretError>>()?,
        })
    }

    fn with_parts(
        mut self,
        valid: &ValidModelInstance,
        cipher: &SecretCipher,
    ) -> Result<Self, SecretError> {
        let mut tokens = Vec::with_capacity(valid.tokens.len());
        for (position, token) in (0..).zip(&valid.tokens) {
            tokens.push(self.token(position, token, cipher)?);
        }
        let mut headers = Vec::with_capacity(valid.headers.len());
        for (position, header) in (0..).zip(&valid.headers) {
            headers.push(self.header(position, header, cipher)?);
        }
        let mut proxies = Vec::with_capacity(valid.proxies.len());
        for (position, proxy) in (0..).zip(&valid.proxies) {
            proxies.push(self.proxy(position, proxy, cipher)?);
        }
        (self.tokens, self.headers, self.proxies) = (tokens, headers, proxies);
        Ok(self)
    }

    fn token(
        &self,
        position: i32,
        token: &ValidToken,
        cipher: &SecretCipher,
    ) -> Result<InstanceTokenRow, SecretError> {
        let id = token.id.map_or_else(Uuid::now_v7, |id| id.0);
        let stored = self.tokens.iter().find(|row| row.id == id);
        let kept = stored.map(|row| (&row.hint, &row.value_encrypted));
        let (hint, value_encrypted) =
            seal(SecretPlace::token(id), token.value.as_ref(), kept, cipher)?;
        Ok(InstanceTokenRow {
            id,
            instance_id: self.row.id,
            position,
            label: token.label.clone(),
            hint,
            value_encrypted,
        })
    }

    fn header(
        &self,
        position: i32,
        header: &ValidHeader,
        cipher: &SecretCipher,
    ) -> Result<InstanceHeaderRow, SecretError> {
        let id = header.id.map_or_else(Uuid::now_v7, |id| id.0);
        let stored = self.headers.iter().find(|row| row.id == id);
        let kept = stored.map(|row| (&row.hint, &row.value_encrypted));
        let (hint, value_encrypted) =
            seal(SecretPlace::header(id), header.value.as_ref(), kept, cipher)?;
        Ok(InstanceHeaderRow {
            id,
            instance_id: self.row.id,
            position,
            name: header.name.clone(),
            hint,
            value_encrypted,
        })
    }

    fn proxy(
        &self,
        position: i32,
        proxy: &ValidProxy,
        cipher: &SecretCipher,
    ) -> Result<InstanceProxyRow, SecretError> {
        let id = proxy.id.map_or_else(Uuid::now_v7, |id| id.0);
        let kept = self
            .proxies
            .iter()
            .find(|row| row.id == id)
            .and_then(|row| row.password_encrypted.clone());
        let password_encrypted = match (&proxy.password, &proxy.username) {
            (Some(password), _) => Some(cipher.encrypt(SecretPlace::proxy(id), password)?),
            (None, Some(_)) => kept,
            // A password without a name means nothing.
            (None, None) => None,
        };
        let (url, username) = (proxy.url.to_string(), proxy.username.clone());
        Ok(InstanceProxyRow {
            id,
            instance_id: self.row.id,
            position,
            url,
            username,
            password_encrypted,
        })
    }
}

/// Hint and ciphertext of a new secret, or those of the kept one. Validation has made sure that there is either.
fn seal(
    place: SecretPlace,
    value: Option<&Secret>,
    kept: Option<(&String, &Vec<u8>)>,
    cipher: &SecretCipher,
) -> Result<(String, Vec<u8>), SecretError> {
    match (value, kept) {
        (Some(value), _) => Ok((value.hint(), cipher.encrypt(place, value)?)),
        (None, Some((hint, stored))) => Ok((hint.clone(), stored.clone())),
        (None, None) => Err(SecretError::Damaged),
    }
}

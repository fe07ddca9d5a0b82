-- People who sign in with an identity provider are known by its name and the one that it gives them, never by a name that somebody else may
-- have had before. They have no password: the column stays as it is for replicas of the version before, with a text that no hash is.
ALTER TABLE users
    ADD COLUMN oidc_issuer text,
    ADD COLUMN oidc_subject text,
    ADD CONSTRAINT users_oidc_both CHECK ((oidc_issuer IS NULL) = (oidc_subject IS NULL)),
    ADD CONSTRAINT users_oidc_subject UNIQUE (oidc_issuer, oidc_subject);

-- Sign-ins with the identity provider that succeeded, until what the browser holds of them is worth nothing any more: each is used once.
CREATE TABLE used_sign_ins (
    id uuid PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

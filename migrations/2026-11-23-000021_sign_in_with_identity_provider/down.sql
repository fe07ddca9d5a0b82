DROP TABLE used_sign_ins;
ALTER TABLE users DROP COLUMN oidc_issuer, DROP COLUMN oidc_subject;

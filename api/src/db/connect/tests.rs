use super::*;

#[test]
fn modes_mean_what_they_mean_to_libpq() {
    let host = "postgres://u:p%3Fw@h:5432/d";
    for (query, mode, check, authorities) in [
        ("", SslMode::Prefer, Check::Nothing, None),
        (
            "?sslmode=disable&connect_timeout=3",
            SslMode::Disable,
            Check::Nothing,
            None,
        ),
        ("?sslmode=prefer", SslMode::Prefer, Check::Nothing, None),
        ("?sslmode=require", SslMode::Require, Check::Nothing, None),
        (
            "?sslmode=require&sslrootcert=%2Fa%20b.crt",
            SslMode::Require,
            Check::Authority,
            Some("/a b.crt"),
        ),
        (
            "?sslmode=verify-ca&sslrootcert=/ca.crt",
            SslMode::Require,
            Check::Authority,
            Some("/ca.crt"),
        ),
        (
            "?connect_timeout=3&sslmode=verify-full&sslrootcert=system",
            SslMode::Require,
            Check::AuthorityAndName,
            None,
        ),
    ] {
        let (config, trust) = read(&format!("{host}{query}")).unwrap();
        assert_eq!(config.get_ssl_mode(), mode, "{query}");
        assert_eq!(trust.check, check, "{query}");
        assert_eq!(trust.authorities.as_deref(), authorities, "{query}");
        assert_eq!(config.get_password(), Some(&b"p?w"[..]));
        let patient = config.get_connect_timeout().is_some();
        assert_eq!(patient, query.contains("connect_timeout"), "{query}");
    }
}

#[test]
fn passwords_may_hold_question_marks_and_sockets_are_not_encrypted() {
    let (config, trust) = read("postgres://u:a?sslmode=b@h/d?sslmode=verify-full").unwrap();
    assert_eq!(config.get_password(), Some(&b"a?sslmode=b"[..]));
    assert_eq!(trust.check, Check::AuthorityAndName);
    let (config, _) = read("postgres://u@%2Frun%2Fpostgresql/d?sslmode=require").unwrap();
    assert_eq!(config.get_ssl_mode(), SslMode::Disable);
}

#[test]
fn what_cannot_be_used_is_said() {
    let said = |url: &str| check(url).unwrap_err().to_string();
    assert!(said("nowhere").contains("is not a PostgreSQL URL"));
    assert!(said("postgres://u@h/d?sslkey=x").contains("is not a PostgreSQL URL"));
    assert!(said("postgres://u@h/d?sslmode=verify").contains("sslmode other than"));
    let bound = "postgres://u@h/d?sslmode=require&channel_binding=require";
    assert!(said(bound).contains("channel_binding=require, which is not supported"));
    check("postgres://u@h/d?channel_binding=prefer").unwrap();
    let missing = "postgres://u:pw@h/d?sslmode=verify-full&sslrootcert=/does/not/exist";
    let message = said(missing);
    assert!(message.contains("/does/not/exist") && !message.contains("pw"));
    let empty = tempfile::NamedTempFile::new().unwrap();
    let path = empty.path().display();
    let message = said(&format!(
        "postgres://u@h/d?sslmode=verify-ca&sslrootcert={path}"
    ));
    assert!(message.contains("cannot be read"), "{message}");
    check("postgres://u@h/d?sslmode=verify-full").unwrap();
}

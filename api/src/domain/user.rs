//! Users: the rules for names and passwords.

use std::collections::HashSet;
use std::sync::LazyLock;

use understudy_shared::{FieldError, FieldRule, rules};

/// Passwords that guessing programs try first and that are long enough to pass the rule of length, in lower case and sorted: those of the
/// 20 000 most common ones that Django keeps (`django/contrib/auth/common-passwords.txt.gz`, BSD licence), and some of our own, the
/// product's name and the rows of a Russian keyboard among them.
const COMMON_PASSWORDS: &str = include_str!("common_passwords.txt");

fn is_common(password: &str) -> bool {
    static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| COMMON_PASSWORDS.lines().collect());
    COMMON.contains(password.to_lowercase().as_str())
}

/// Every fault of a user name and a new password.
pub fn credential_faults(username: &str, password: &str) -> Vec<FieldError> {
    let mut faults = Vec::new();
    rules::username(&mut faults, "/username", username);
    password_faults(&mut faults, "/password", username, password);
    faults
}

/// Every fault of a new password.
pub fn password_faults(
    faults: &mut Vec<FieldError>,
    pointer: &str,
    username: &str,
    password: &str,
) {
    rules::password(faults, pointer, password);
    if is_common(password) {
        faults.push(FieldError::new(pointer, FieldRule::PasswordCommon));
    } else if password.to_lowercase() == username.to_lowercase() {
        faults.push(FieldError::new(pointer, FieldRule::PasswordIsUsername));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_common_and_own_name_passwords_are_refused() {
        assert!(credential_faults("ada", "correct horse battery").is_empty());
        for password in [
            "short",
            "Password123",
            "Elizabeth1",
            "QWERTYUIOP",
            "ЙЦУКЕНГШЩЗ",
            "administratress",
        ] {
            assert_eq!(
                credential_faults("administratress", password).len(),
                1,
                "{password}"
            );
        }
    }

    #[test]
    fn the_list_has_what_only_a_list_can_refuse() {
        let all: Vec<&str> = COMMON_PASSWORDS.lines().collect();
        assert!(all.len() > 1500, "{}", all.len());
        for password in all {
            let mut faults = Vec::new();
            rules::password(&mut faults, "", password);
            assert!(faults.is_empty(), "{password} needs no list");
            assert_eq!(password, password.to_lowercase());
        }
    }
}

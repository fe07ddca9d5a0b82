//! Users: the rules for names and passwords.

use understudy_shared::{FieldError, FieldRule, rules};

/// Passwords that guessing programs try first and that are long enough to pass the rule of length.
const COMMON_PASSWORDS: &[&str] = &[
    "0123456789",
    "0987654321",
    "1111111111",
    "123123123123",
    "1234567890",
    "12345678910",
    "123456789a",
    "1q2w3e4r5t",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "9876543210",
    "administrator",
    "changeme123",
    "changemenow",
    "football123",
    "iloveyou123",
    "letmein123",
    "password01",
    "password12",
    "password123",
    "password1234",
    "passw0rd123",
    "princess123",
    "q1w2e3r4t5",
    "qazwsxedcrfv",
    "qwerty12345",
    "qwerty123456",
    "qwertyuiop",
    "qwertyuiop123",
    "superman123",
    "understudy",
    "understudy1",
    "understudy123",
    "welcome123",
    "йцукенгшщз",
];

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
    let lower = password.to_lowercase();
    if COMMON_PASSWORDS.contains(&lower.as_str()) {
        faults.push(FieldError::new(pointer, FieldRule::PasswordCommon));
    } else if lower == username.to_lowercase() {
        faults.push(FieldError::new(pointer, FieldRule::PasswordIsUsername));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_common_and_own_name_passwords_are_refused() {
        assert!(credential_faults("ada", "correct horse battery").is_empty());
        for password in ["short", "Password123", "administratress"] {
            assert_eq!(
                credential_faults("administratress", password).len(),
                1,
                "{password}"
            );
        }
    }
}

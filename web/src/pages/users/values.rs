//! What the form of a user holds, and how it becomes what is sent.

use leptos::prelude::*;
use serde_json::{Value, json};
use understudy_shared::{
    CreateUser, FieldError, FieldRule, SecretInput, User, WritableUser, rules,
};

use super::role;
use crate::components::form::Place;
use crate::components::form::errors::Fault;
use crate::merge::Fields;

/// The fields in the order of the form.
pub const ORDER: [&str; 4] = ["username", "display_name", "role", "enabled"];

/// What can be changed of a user.
pub fn fields(user: &User) -> Fields {
    of(&WritableUser {
        username: user.username.clone(),
        display_name: user.display_name.clone(),
        role: user.role,
        enabled: user.enabled,
    })
}

fn of(user: &WritableUser) -> Fields {
    match json!(user) {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

/// What is typed.
#[derive(Clone, Copy)]
pub struct Draft {
    /// Name to sign in with.
    pub username: RwSignal<String>,
    /// Name to show.
    pub display_name: RwSignal<String>,
    /// The role's name on the wire.
    pub role: RwSignal<String>,
    /// Whether the person may sign in.
    pub enabled: RwSignal<bool>,
    /// A new password; none to keep the one that there is.
    pub password: RwSignal<Option<String>>,
}

impl Draft {
    /// What is saved, or nothing yet.
    pub fn new(user: Option<&User>) -> Self {
        let draft = Self {
            username: RwSignal::new(String::new()),
            display_name: RwSignal::new(String::new()),
            role: RwSignal::new(role::read("").as_str().to_owned()),
            enabled: RwSignal::new(true),
            // Somebody new cannot do without.
            password: RwSignal::new(user.is_none().then(String::new)),
        };
        if let Some(user) = user {
            draft.fill(&fields(user));
        }
        draft
    }

    /// Takes up fields.
    pub fn fill(self, fields: &Fields) {
        let text = |name: &str| {
            let value = fields.get(name).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        self.username.set(text("username"));
        self.display_name.set(text("display_name"));
        self.role.set(text("role"));
        let enabled = fields.get("enabled").and_then(Value::as_bool);
        self.enabled.set(enabled.unwrap_or(true));
    }

    /// What is typed, as it would be saved; tracked.
    pub fn writable(self) -> WritableUser {
        WritableUser {
            username: self.username.with(|name| name.trim().to_owned()),
            display_name: self.display_name.with(|name| name.trim().to_owned()),
            role: self.role.with(|name| role::read(name)),
            enabled: self.enabled.get(),
        }
    }

    /// As [`Self::writable`], as fields; tracked.
    pub fn fields(self) -> Fields {
        of(&self.writable())
    }

    /// The password, if there is a new one; tracked.
    pub fn secret(self) -> Fields {
        let mut fields = Fields::new();
        if let Some(password) = self.password.get() {
            fields.insert("password".to_owned(), password.into());
        }
        fields
    }

    /// The user to be made; tracked.
    pub fn create(self) -> CreateUser {
        let WritableUser {
            username,
            display_name,
            role,
            enabled,
        } = self.writable();
        CreateUser {
            username,
            display_name,
            role,
            enabled,
            password: SecretInput::new(self.password.get().unwrap_or_default()),
        }
    }

    /// What the form finds by itself; tracked.
    pub fn faults(self) -> Vec<Place> {
        let user = self.writable();
        let mut faults = user.faults();
        self.password.with(|password| match password {
            Some(password) if password.is_empty() => {
                faults.push(FieldError::new("/password", FieldRule::Required));
            }
            Some(password) => rules::password(&mut faults, "/password", password),
            None => {}
        });
        faults
            .into_iter()
            .map(|error| Place {
                id: field_of(&error.pointer),
                fault: if error.pointer == "/username" && user.username.is_empty() {
                    Fault::Required
                } else {
                    Fault::Rule(Box::new(error))
                },
            })
            .collect()
    }
}

/// The field of a pointer.
pub fn field_of(pointer: &str) -> Option<String> {
    let id = match pointer {
        "/username" => "username",
        "/display_name" => "display-name",
        "/role" => "role",
        "/enabled" => "enabled",
        "/password" => "new-password",
        _ => return None,
    };
    Some(id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_a_user_is_in_the_form() {
        let user = WritableUser {
            username: "ada".into(),
            display_name: String::new(),
            role: understudy_shared::Role::Admin,
            enabled: false,
        };
        let fields = of(&user);
        for name in fields.keys() {
            assert!(ORDER.contains(&name.as_str()), "{name}");
            assert!(field_of(&format!("/{name}")).is_some(), "{name}");
        }
        assert_eq!(fields.len(), ORDER.len());
        assert_eq!(field_of("/password").as_deref(), Some("new-password"));
        assert_eq!(field_of("/version"), None);
    }

    #[test]
    fn what_is_read_is_written_back() {
        let owner = Owner::new();
        owner.set();
        let draft = Draft::new(None);
        let mut fields = Fields::new();
        fields.insert("username".into(), "Ada".into());
        fields.insert("display_name".into(), "Ada Lovelace".into());
        fields.insert("role".into(), "operator".into());
        fields.insert("enabled".into(), false.into());
        draft.fill(&fields);
        assert_eq!(draft.fields(), fields);
    }
}

//! What the list of users can be narrowed and sorted by.

use understudy_shared::Role;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::db::users::UserRow;
use crate::error::ApiError;
use crate::routes::extract::{FromParams, Params};
use crate::routes::list::{Comparison, Listed};

const ROLES: [(&str, Role); 3] = [
    ("user", Role::User),
    ("operator", Role::Operator),
    ("admin", Role::Admin),
];

/// Filters of the list of users.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserFilters {
    /// Only users with this role.
    role: Option<Role>,
    /// Only enabled or only disabled ones.
    enabled: Option<bool>,
}

impl FromParams for UserFilters {
    fn from_params(params: &mut Params) -> Result<Self, ApiError> {
        Ok(Self {
            role: params.take_named("role", &ROLES)?,
            enabled: params.take_bool("enabled")?,
        })
    }
}

impl UserFilters {
    /// Whether a user is asked for.
    pub fn pass(&self, user: &UserRow) -> bool {
        self.role.is_none_or(|role| user.role() == role)
            && self.enabled.is_none_or(|enabled| user.enabled == enabled)
    }
}

impl Listed for UserRow {
    const SORT_KEYS: &'static [(&'static str, Comparison<Self>)] = &[
        ("username", |a, b| {
            a.username.to_lowercase().cmp(&b.username.to_lowercase())
        }),
        ("role", |a, b| a.role().cmp(&b.role())),
        ("created_at", |a, b| a.created_at.cmp(&b.created_at)),
        ("last_sign_in_at", |a, b| {
            a.last_sign_in_at.cmp(&b.last_sign_in_at)
        }),
    ];
    type Filters = UserFilters;

    fn id(&self) -> Uuid {
        self.id
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.username, &self.display_name]
    }
}

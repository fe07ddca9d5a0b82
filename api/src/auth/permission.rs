//! The rights. Each is a type that a handler names in its signature, and says who has it.
//!
//! Roles contain each other: admin ⊃ operator ⊃ user. So do the management scopes of keys: whoever may change instances and
//! groups sees them in the answer, so `manage:write` ⊃ `manage:read` ⊃ `groups:read`. `gateway` opens nothing here.

use understudy_shared::{ApiKeyScope, Role};

use super::principal::{Person, Principal, Program};

/// A right.
pub trait Permission: 'static {
    /// Who may be let through with it.
    type Who: 'static;
    /// What the right needs, for people: the end of "This needs …".
    const NEEDS: &'static str;

    /// The caller, if they have the right.
    fn admit(principal: Principal) -> Option<Self::Who>;
}

/// A person with a session; no key.
#[derive(Debug)]
pub struct SignedIn;

/// Having keys of one's own, and for administrators all keys.
#[derive(Debug)]
pub struct OwnKeys;

/// Having dialogs of one's own. Nobody reads other people's.
#[derive(Debug)]
pub struct OwnDialogs;

/// Reading groups and their availability.
#[derive(Debug)]
pub struct ReadGroups;

/// Reading all that an operator may read.
#[derive(Debug)]
pub struct ManageRead;

/// Reading what was used: people their own, operators and keys that read what operators read, everybody's.
#[derive(Debug)]
pub struct ReadUsage;

/// Changing instances and groups.
#[derive(Debug)]
pub struct ManageWrite;

/// Having assistants of one's own; whether also those that everybody finds, [`ManageWrite`] says.
#[derive(Debug)]
pub struct WriteAssistants;

/// Everything, users included; no key.
#[derive(Debug)]
pub struct Admin;

impl Permission for SignedIn {
    type Who = Person;
    const NEEDS: &'static str = "a person who is signed in; keys cannot do it";

    fn admit(principal: Principal) -> Option<Person> {
        person(principal, Role::User)
    }
}

impl Permission for OwnKeys {
    type Who = Person;
    const NEEDS: &'static str = "a person who is signed in; keys cannot make or read keys";

    fn admit(principal: Principal) -> Option<Person> {
        person(principal, Role::User)
    }
}

impl Permission for OwnDialogs {
    type Who = Person;
    const NEEDS: &'static str = "a person who is signed in; keys have no dialogs";

    fn admit(principal: Principal) -> Option<Person> {
        person(principal, Role::User)
    }
}

impl Permission for ReadGroups {
    type Who = Principal;
    const NEEDS: &'static str = "a person who is signed in, or a key with the scope groups:read";

    fn admit(principal: Principal) -> Option<Principal> {
        either(principal, Role::User, ApiKeyScope::GroupsRead)
    }
}

impl Permission for ManageRead {
    type Who = Principal;
    const NEEDS: &'static str = "the role operator, or a key with the scope manage:read";

    fn admit(principal: Principal) -> Option<Principal> {
        either(principal, Role::Operator, ApiKeyScope::ManageRead)
    }
}

impl Permission for ReadUsage {
    type Who = Principal;
    const NEEDS: &'static str = "a person who is signed in, or a key with the scope manage:read";

    fn admit(principal: Principal) -> Option<Principal> {
        either(principal, Role::User, ApiKeyScope::ManageRead)
    }
}

impl Permission for ManageWrite {
    type Who = Principal;
    const NEEDS: &'static str = "the role operator, or a key with the scope manage:write";

    fn admit(principal: Principal) -> Option<Principal> {
        either(principal, Role::Operator, ApiKeyScope::ManageWrite)
    }
}

impl Permission for WriteAssistants {
    type Who = Principal;
    const NEEDS: &'static str = "a person who is signed in, or a key with the scope manage:write";

    fn admit(principal: Principal) -> Option<Principal> {
        either(principal, Role::User, ApiKeyScope::ManageWrite)
    }
}

impl Permission for Admin {
    type Who = Person;
    const NEEDS: &'static str = "the role admin";

    fn admit(principal: Principal) -> Option<Person> {
        person(principal, Role::Admin)
    }
}

fn person(principal: Principal, role: Role) -> Option<Person> {
    match principal {
        Principal::Person(person) if person.role >= role => Some(person),
        _ => None,
    }
}

fn either(principal: Principal, role: Role, scope: ApiKeyScope) -> Option<Principal> {
    let admitted = match &principal {
        Principal::Person(person) => person.role >= role,
        Principal::Program(program) => has_scope(program, scope),
    };
    admitted.then_some(principal)
}

fn has_scope(program: &Program, needed: ApiKeyScope) -> bool {
    program.scopes.iter().any(|scope| implies(*scope, needed))
}

fn implies(has: ApiKeyScope, needed: ApiKeyScope) -> bool {
    use ApiKeyScope as S;
    match has {
        S::Gateway => needed == S::Gateway,
        S::GroupsRead => needed == S::GroupsRead,
        S::ManageRead => matches!(needed, S::GroupsRead | S::ManageRead),
        S::ManageWrite => matches!(needed, S::GroupsRead | S::ManageRead | S::ManageWrite),
    }
}

/// Whether a person of this role may give this scope to a key: a user has gateway keys, nobody gives more than they have.
pub fn may_grant(role: Role, scope: ApiKeyScope) -> bool {
    match scope {
        ApiKeyScope::Gateway => role >= Role::User,
        ApiKeyScope::GroupsRead | ApiKeyScope::ManageRead | ApiKeyScope::ManageWrite => {
            role >= Role::Operator
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use understudy_shared::{ApiKeyId, UserId};
    use uuid::Uuid;

    use super::*;

    fn person(role: Role) -> Principal {
        Principal::Person(Person {
            id: UserId(Uuid::nil()),
            username: String::new(),
            role,
            session: Uuid::nil(),
            until: DateTime::UNIX_EPOCH,
        })
    }

    fn key(scope: ApiKeyScope) -> Principal {
        Principal::Program(Program {
            id: ApiKeyId(Uuid::nil()),
            name: String::new(),
            scopes: vec![scope],
            until: None,
        })
    }

    /// Which rights this caller has, in the order of the table below.
    fn rights(principal: &Principal) -> String {
        fn mark<P: Permission>(principal: &Principal) -> char {
            if P::admit(principal.clone()).is_some() {
                'x'
            } else {
                '-'
            }
        }
        [
            mark::<SignedIn>(principal),
            mark::<OwnKeys>(principal),
            mark::<OwnDialogs>(principal),
            mark::<ReadGroups>(principal),
            mark::<ManageRead>(principal),
            mark::<ReadUsage>(principal),
            mark::<ManageWrite>(principal),
            mark::<WriteAssistants>(principal),
            mark::<Admin>(principal),
        ]
        .iter()
        .collect()
    }

    #[test]
    fn the_table_of_rights() {
        for (principal, expected) in [
            (person(Role::User), "xxxx-x-x-"),
            (person(Role::Operator), "xxxxxxxx-"),
            (person(Role::Admin), "xxxxxxxxx"),
            (key(ApiKeyScope::Gateway), "---------"),
            (key(ApiKeyScope::GroupsRead), "---x-----"),
            (key(ApiKeyScope::ManageRead), "---xxx---"),
            (key(ApiKeyScope::ManageWrite), "---xxxxx-"),
        ] {
            assert_eq!(rights(&principal), expected, "{principal:?}");
        }
    }

    #[test]
    fn nobody_gives_a_key_more_than_they_have() {
        for scope in ApiKeyScope::ALL {
            assert_eq!(may_grant(Role::User, scope), scope == ApiKeyScope::Gateway);
            assert!(may_grant(Role::Operator, scope) && may_grant(Role::Admin, scope));
        }
    }
}

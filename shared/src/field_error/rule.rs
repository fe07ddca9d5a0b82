//! The closed list of rules that a field can break; each with what a sentence about it needs, and its code.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ProblemCode;
use crate::tagged::adjacently_tagged;

mod sentence;

adjacently_tagged! {
    /// The rules of fields. Each variant's members are the `params` of the error.
    pub enum FieldRule ("rule", "params"), read as FieldRuleShape of "FieldRule" {
        /// The field is not there and has no default.
        Missing,
        /// It must not be empty.
        Required,
        /// It is needed as soon as another field is set.
        RequiredWith {
            /// The other field.
            field: String,
        },
        /// It is needed when another field has this value.
        RequiredWhen {
            /// The other field.
            field: String,
            /// Its value.
            value: String,
        },
        /// It has a meaning only when another field has this value.
        OnlyWhen {
            /// The other field.
            field: String,
            /// Its value.
            value: String,
        },
        /// A secret is needed, since no `id` names a stored one.
        SecretMissing,
        /// A stored secret must be entered again, since scheme, host, port or proxies change.
        SecretAgain,
        /// Another resource has this value already.
        Taken,
        /// No field of this name can be written.
        UnknownField {
            /// Fields that can be, if there are some.
            known: Vec<String>,
        },
        /// The value is of another type.
        WrongType {
            /// The type that it must have.
            expected: ValueType,
        },
        /// The value is none of those that are known.
        NotOneOf {
            /// Known values.
            allowed: Vec<String>,
        },
        /// The text is not a UUID.
        NotAUuid,
        /// The text is not a time as in RFC 3339.
        NotATime,
        /// The value cannot be read.
        Unreadable,
        /// The number is out of its bounds.
        OutOfRange {
            /// Smallest value.
            min: i64,
            /// Largest value.
            max: i64,
        },
        /// The text is too short.
        TooShort {
            /// Characters that it must have.
            min: u64,
        },
        /// The text is too long.
        TooLong {
            /// Characters that it may have.
            max: u64,
            /// Characters that it has.
            actual: u64,
        },
        /// The value has too many bytes.
        TooLarge {
            /// Bytes that it may have.
            max: u64,
        },
        /// The list has too few items.
        TooFewItems {
            /// Items that it must have.
            min: u64,
        },
        /// The list has too many items.
        TooManyItems {
            /// Items that it may have.
            max: u64,
            /// Items that it has.
            actual: u64,
        },
        /// The same is in the list twice.
        Duplicate,
        /// The text has nothing but spaces.
        Blank,
        /// The text begins or ends with a space.
        OuterSpaces,
        /// The text has control characters.
        ControlCharacters,
        /// The text has control characters other than line breaks and tabs.
        ControlCharactersInText,
        /// The text has other characters than printable ASCII.
        NotPrintableAscii,
        /// The text is not the name of a header.
        HeaderName,
        /// The gateway sets this header itself.
        HeaderReserved {
            /// The header.
            name: String,
        },
        /// The header carries the token already, so that the token belongs to `tokens`.
        HeaderOfToken,
        /// The path does not begin with a slash.
        PathWithoutSlash,
        /// The path has spaces, a query or a fragment.
        PathCharacters,
        /// The path has `.` or `..` as a part.
        PathClimbs,
        /// The name of a group has other characters than it may.
        GroupName,
        /// The name of a group begins as the names of assistants do where programs name a model.
        GroupNameOfAssistant,
        /// An assistant that nobody owns cannot be private: nobody could reach it.
        PrivateWithoutOwner,
        /// The host has a scheme, a port or a path with it.
        HostAlone,
        /// The text is neither a host name nor an address.
        NotAHost,
        /// Tokens would never be sent, since `auth.type` is `none`.
        TokensWithoutAuth,
        /// The gateway itself reads or writes this parameter.
        ParameterReserved {
            /// The parameter.
            name: String,
        },
        /// A parameter is both set and removed.
        ParameterSetAndStripped,
        /// The text is not the address of a proxy.
        ProxyUrl,
        /// The address of a proxy has a path, a query or a fragment.
        ProxyUrlPath,
        /// The password or the user name of a proxy stands in its address; it belongs here.
        CredentialsInUrl,
        /// A certificate cannot be read.
        CertificateUnreadable,
        /// There is no certificate in the text.
        CertificateMissing,
        /// The time does not lie in the future.
        NotInFuture,
        /// The password is one of those that are guessed first.
        PasswordCommon,
        /// The password is the user's name.
        PasswordIsUsername,
        /// The password is not the current one.
        PasswordWrong,
        /// The identity provider decides about it, not this service.
        OfIdentityProvider,
        /// The text is not a path of this site.
        NotAPathOfSite,
        /// There is no instance with this id.
        UnknownInstance,
        /// There is no group with this id.
        UnknownGroup,
        /// There is no assistant with this id.
        UnknownAssistant,
        /// There is no question with this id in this dialog.
        UnknownQuestion,
        /// Exactly one of two fields must be set.
        ExactlyOneOf {
            /// The other field.
            other: String,
        },
        /// There is no stored item with this id in this instance.
        UnknownStoredItem,
        /// Embeddings of another length than those of the other members: they cannot be compared.
        EmbeddingDimensions {
            /// Length of this instance's.
            dimensions: u64,
            /// Length of the others'.
            other: u64,
        },
        /// Embeddings of another length than those of the other members of a group.
        EmbeddingDimensionsInGroup {
            /// Name of the group.
            group: String,
            /// Length of the others'.
            other: u64,
        },
        /// A cloud instance needs `https`.
        HttpsRequired,
        /// The host is a metadata service.
        MetadataService {
            /// Name or address of it.
            host: String,
        },
        /// No host can have this address: link-local, multicast, unspecified.
        AddressUnusable {
            /// The address.
            address: String,
        },
        /// The address is the service's own listener or its database.
        AddressOfService {
            /// The address.
            address: String,
        },
        /// `UNDERSTUDY_EGRESS_DENY` has the address.
        AddressDenied {
            /// The address.
            address: String,
        },
        /// The address is not public, as a cloud instance's must be.
        AddressNotPublic {
            /// The address.
            address: String,
        },
        /// A file is not YAML.
        NotYaml {
            /// What the parser says, in English.
            reason: String,
        },
        /// A file is not UTF-8.
        NotUnicode,
        /// A file says nothing.
        YamlEmpty,
        /// A file has several documents.
        YamlDocuments,
        /// A file has a tag (`!…`).
        YamlTag,
        /// A file has a merge key (`<<`).
        YamlMerge,
        /// A file has an alias of what is not complete.
        YamlAlias,
        /// A file has a list, an object or an alias as the name of a member.
        YamlName,
        /// A file has values within values, too many times.
        YamlDepth {
            /// How many times it may.
            max: u64,
        },
        /// A file has too many values, those that its aliases copy included.
        YamlNodes {
            /// How many it may have.
            max: u64,
        },
        /// There is no instance of this name, neither in the file nor outside of it.
        UnknownInstanceName {
            /// The name.
            name: String,
        },
        /// There is no group of this name, neither in the file nor outside of it.
        UnknownGroupName {
            /// The name.
            name: String,
        },
        /// What stands in place of a secret is neither a text nor a reference.
        SecretForm,
        /// A reference to the environment or to a file, which only the command line follows.
        SecretReference,
        /// The variable that a secret is to be taken from is not set, or empty.
        SecretVariable {
            /// Its name.
            name: String,
        },
        /// The file that a secret is to be taken from cannot be used.
        SecretFile {
            /// Its path.
            path: String,
            /// Why, in English.
            reason: String,
        },
        /// A secret is to be kept, and none is stored.
        SecretNotStored,
        /// A secret is to be kept, and several of the same name are stored.
        SecretAmbiguous,
    }
}

/// Types of values, in words of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// `true` or `false`
    Boolean,
    /// A number.
    Number,
    /// A number without a fraction.
    WholeNumber,
    /// A number without a fraction that is not negative.
    NaturalNumber,
    /// A text.
    String,
    /// A UUID, as a text.
    Uuid,
    /// A time as in RFC 3339, as a text.
    Time,
    /// A list.
    List,
    /// An object.
    Object,
}

impl FieldRule {
    /// The bounds of a port.
    pub const PORT: Self = Self::OutOfRange {
        min: 1,
        max: 65_535,
    };

    /// The code that belongs to the rule.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Missing => ProblemCode::MissingField,
            Self::UnknownField { .. } => ProblemCode::UnknownField,
            Self::WrongType { .. } => ProblemCode::InvalidType,
            Self::Taken => ProblemCode::Conflict,
            Self::SecretAgain => ProblemCode::SecretsRequired,
            Self::HttpsRequired
            | Self::MetadataService { .. }
            | Self::AddressUnusable { .. }
            | Self::AddressOfService { .. }
            | Self::AddressDenied { .. }
            | Self::AddressNotPublic { .. } => ProblemCode::EgressDenied,
            Self::NotYaml { .. }
            | Self::NotUnicode
            | Self::YamlEmpty
            | Self::YamlDocuments
            | Self::YamlTag
            | Self::YamlMerge
            | Self::YamlAlias
            | Self::YamlName
            | Self::YamlDepth { .. }
            | Self::YamlNodes { .. } => ProblemCode::InvalidYaml,
            _ => ProblemCode::ValidationFailed,
        }
    }
}

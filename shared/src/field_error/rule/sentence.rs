//! The sentence of each rule, in English.

use std::fmt;

use super::{FieldRule, ValueType};

impl ValueType {
    fn words(self) -> &'static str {
        match self {
            Self::Boolean => "true or false",
            Self::Number => "a number",
            Self::WholeNumber => "a whole number",
            Self::NaturalNumber => "a whole number that is not negative",
            Self::String => "a string",
            Self::Uuid => "a UUID",
            Self::Time => "a time as in RFC 3339, such as 2027-01-31T12:00:00Z",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

/// The sentence, in English, that follows the name of the field.
impl fmt::Display for FieldRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::RequiredWith { field } => return write!(f, "is needed beside {field}"),
            Self::ExactlyOneOf { other } => {
                return write!(f, "is needed, or {other} in place of it, and not both");
            }
            Self::RequiredWhen { field, value } => {
                return write!(f, "is needed when {field} is {value}");
            }
            Self::OnlyWhen { field, value } => {
                return write!(f, "has a meaning only when {field} is {value}");
            }
            Self::UnknownField { known } if !known.is_empty() => {
                let known = known.join(", ");
                return write!(f, "is not a field that can be written; those are {known}");
            }
            Self::WrongType { expected } => return write!(f, "must be {}", expected.words()),
            Self::NotOneOf { allowed } => {
                return write!(f, "must be one of {}", allowed.join(", "));
            }
            Self::OutOfRange { min, max } => return write!(f, "must be between {min} and {max}"),
            Self::TooShort { min } => return write!(f, "must have at least {min} characters"),
            Self::TooLong { max, actual } => {
                return write!(f, "must have at most {max} characters, has {actual}");
            }
            Self::TooLarge { max } => return write!(f, "must have at most {max} bytes"),
            Self::TooFewItems { min: 1 } => "must have at least one item",
            Self::TooFewItems { min } => return write!(f, "must have at least {min} items"),
            Self::TooManyItems { max, actual } => {
                return write!(f, "must have at most {max} items, has {actual}");
            }
            Self::HeaderReserved { name } => {
                return write!(f, "{name} is set by the gateway itself");
            }
            Self::ParameterReserved { name } => {
                return write!(f, "{name} belongs to the gateway and cannot be a parameter");
            }
            Self::EmbeddingDimensions { dimensions, other } => {
                return write!(
                    f,
                    "makes embeddings of {dimensions} dimensions, a member before it of {other}: vectors of both cannot be compared"
                );
            }
            Self::EmbeddingDimensionsInGroup { group, other } => {
                return write!(
                    f,
                    "differs from the {other} dimensions of another member of the group {group}"
                );
            }
            Self::MetadataService { host } => {
                return write!(f, "{host} is a metadata service and never a backend");
            }
            Self::AddressUnusable { address } => {
                return write!(
                    f,
                    "the address {address} may not be reached: it is link-local, multicast or no address of a host"
                );
            }
            Self::AddressOfService { address } => {
                return write!(
                    f,
                    "the address {address} may not be reached: it belongs to this service itself"
                );
            }
            Self::AddressDenied { address } => {
                return write!(
                    f,
                    "the address {address} may not be reached: it is in UNDERSTUDY_EGRESS_DENY"
                );
            }
            Self::AddressNotPublic { address } => {
                return write!(
                    f,
                    "the address {address} may not be reached: it is not public; instances of the kind cloud must be, unless UNDERSTUDY_EGRESS_ALLOW has it"
                );
            }
            Self::NotYaml { reason } => return write!(f, "is not valid YAML: {reason}"),
            Self::YamlDepth { max } => {
                return write!(f, "has more than {max} values within each other");
            }
            Self::YamlNodes { max } => {
                return write!(f, "has more than {max} values, copies by aliases included");
            }
            Self::UnknownInstanceName { name } => {
                return write!(f, "there is no instance «{name}»");
            }
            Self::UnknownGroupName { name } => return write!(f, "there is no group «{name}»"),
            Self::SecretVariable { name } => {
                return write!(f, "the environment variable {name} is not set, or empty");
            }
            Self::SecretFile { path, reason } => {
                return write!(f, "the file {path} cannot be used: {reason}");
            }
            Self::UnknownField { .. } => "is not a field that can be written",
            Self::Missing => "is missing",
            Self::Required => "must not be empty",
            Self::SecretMissing => "is needed, since no id names a stored one",
            Self::SecretAgain => {
                "must be entered again, since scheme, host, port or proxies change"
            }
            Self::Taken => "is taken; names are unique regardless of case",
            Self::NotAUuid => "must be a UUID",
            Self::NotATime => "must be a time as in RFC 3339, such as 2027-01-31T12:00:00Z",
            Self::Unreadable => "cannot be read",
            Self::Duplicate => "is there twice",
            Self::Blank => "must not be blank",
            Self::OuterSpaces => "must not begin or end with a space",
            Self::ControlCharacters => "must not contain control characters",
            Self::ControlCharactersInText => {
                "must not contain control characters other than line breaks and tabs"
            }
            Self::NotPrintableAscii => {
                "must be printable ASCII, as HTTP headers carry nothing else"
            }
            Self::HeaderName => "must be a header name: 1–100 letters, digits and -_.!#$%&'*+^`|~",
            Self::HeaderOfToken => "carries the token already; add the token to tokens instead",
            Self::PathWithoutSlash => "must begin with /",
            Self::PathCharacters => "must be a plain path: no spaces, no ? and no #",
            Self::PathClimbs => "must not contain . or .. as a part",
            Self::GroupName => {
                "must be 1–64 characters: letters a–z, digits and . _ : / - and must begin with a letter or digit"
            }
            Self::GroupNameOfAssistant => {
                "must not begin with assistant/: that is how programs name assistants"
            }
            Self::PrivateWithoutOwner => {
                "must be shared: a private assistant belongs to a person, and a key is none"
            }
            Self::HostAlone => {
                "must be a host name or an address alone, without scheme, port or path"
            }
            Self::NotAHost => "must be a host name or an address",
            Self::TokensWithoutAuth => "would never be sent, since auth.type is none",
            Self::ParameterSetAndStripped => "is also in defaults or overrides",
            Self::ProxyUrl => {
                "must be http, https, socks5 or socks5h with a host and a port, such as socks5h://proxy.example:1080"
            }
            Self::ProxyUrlPath => "must have no path, no ? and no #",
            Self::CredentialsInUrl => "belongs here and not into the address",
            Self::CertificateUnreadable => "has a certificate that cannot be read",
            Self::CertificateMissing => "must have at least one certificate (PEM)",
            Self::NotInFuture => "must lie in the future",
            Self::PasswordCommon => "is one of the passwords that are guessed first",
            Self::PasswordIsUsername => "must not be the user name",
            Self::PasswordWrong => "is not the password until now",
            Self::OfIdentityProvider => {
                "is decided by the identity provider that the user signs in with"
            }
            Self::NotAPathOfSite => "must be a path of this site, beginning with one slash",
            Self::UnknownInstance => "is not the id of an instance",
            Self::UnknownGroup => "is not the id of a group",
            Self::UnknownAssistant => "is not the id of an assistant",
            Self::UnknownQuestion => "is not the id of a question of this dialog",
            Self::UnknownStoredItem => "is not the id of a stored one of this instance",
            Self::NotUnicode => "is not UTF-8",
            Self::YamlEmpty => "has nothing in it",
            Self::YamlDocuments => "begins a second document; a file has one",
            Self::YamlTag => "has a tag (!…), which is not used here",
            Self::YamlMerge => {
                "is a merge key (<<), which YAML 1.2 does not have; write the fields out"
            }
            Self::YamlAlias => "is an alias of something that it is a part of",
            Self::YamlName => "is in the place of a name, which must be a text",
            Self::SecretForm => {
                "must be a text (in quotes if it looks like a number), or one of {env: NAME}, {file: PATH} and {keep: true}"
            }
            Self::SecretReference => {
                "is a reference that only the command line follows (understudy apply); send the value itself or keep: true"
            }
            Self::SecretNotStored => "is to be kept, but no secret is stored here; enter it",
            Self::SecretAmbiguous => {
                "is to be kept, but several of the same name are stored; name all of them, or enter it"
            }
            Self::HttpsRequired => "must be https for an instance of the kind cloud",
        };
        f.write_str(text)
    }
}

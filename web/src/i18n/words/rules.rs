//! What is wrong with a field, in the language of the screen.

use understudy_shared::{FieldError, FieldRule, ValueType};

use super::super::*;
use super::Words;
use super::numbers::{bytes, characters_at_least, items_at_least, number};

/// What the person has to do about a field that was refused. Rules may be broken here, before anything is sent, or on the service.
pub fn rule(i18n: Words, error: &FieldError) -> String {
    let text = match &error.rule {
        FieldRule::RequiredWith { field } => return t_string!(i18n, rule.required_with, field),
        FieldRule::RequiredWhen { field, value } => {
            return t_string!(i18n, rule.required_when, field, value);
        }
        FieldRule::OnlyWhen { field, .. } if field == "scopes" => {
            t_string!(i18n, rule.only_gateway)
        }
        FieldRule::OnlyWhen { field, value } => {
            return t_string!(i18n, rule.only_when, field, value);
        }
        FieldRule::UnknownField { known } if !known.is_empty() => {
            return t_string!(i18n, rule.unknown_field_of, known = known.join(", "));
        }
        FieldRule::UnknownField { .. } => t_string!(i18n, rule.unknown_field),
        FieldRule::WrongType { expected } => {
            return t_string!(
                i18n,
                rule.wrong_type,
                expected = value_type(i18n, *expected)
            );
        }
        FieldRule::NotOneOf { allowed } => {
            return t_string!(i18n, rule.not_one_of, allowed = allowed.join(", "));
        }
        FieldRule::OutOfRange { min, max } => {
            let (min, max) = (number(i18n, *min), number(i18n, *max));
            return t_string!(i18n, rule.out_of_range, min, max);
        }
        FieldRule::TooShort { min } => {
            return t_string!(i18n, rule.too_short, min = characters_at_least(i18n, *min));
        }
        FieldRule::TooLong { max, actual } => {
            let max = characters_at_least(i18n, *max);
            return t_string!(i18n, rule.too_long, max, actual = *actual);
        }
        FieldRule::TooLarge { max } => {
            return t_string!(i18n, rule.too_large, max = bytes(i18n, *max));
        }
        FieldRule::TooFewItems { min: 1 } => t_string!(i18n, rule.too_few_items_one),
        FieldRule::TooFewItems { min } => {
            return t_string!(i18n, rule.too_few_items, min = items_at_least(i18n, *min));
        }
        FieldRule::TooManyItems { max, actual } => {
            let max = items_at_least(i18n, *max);
            return t_string!(i18n, rule.too_many_items, max, actual = *actual);
        }
        FieldRule::HeaderReserved { name } => return t_string!(i18n, rule.header_reserved, name),
        FieldRule::ParameterReserved { name } => {
            return t_string!(i18n, rule.parameter_reserved, name);
        }
        FieldRule::EmbeddingDimensions { dimensions, other } => {
            let (dimensions, other) = (*dimensions, *other);
            return t_string!(i18n, rule.embedding_dimensions, dimensions, other);
        }
        FieldRule::EmbeddingDimensionsInGroup { group, other } => {
            return t_string!(
                i18n,
                rule.embedding_dimensions_in_group,
                group,
                other = *other
            );
        }
        FieldRule::MetadataService { host } => {
            return t_string!(i18n, rule.metadata_service, host);
        }
        FieldRule::AddressUnusable { address } => {
            return t_string!(i18n, rule.address_unusable, address);
        }
        FieldRule::AddressOfService { address } => {
            return t_string!(i18n, rule.address_of_service, address);
        }
        FieldRule::AddressDenied { address } => {
            return t_string!(i18n, rule.address_denied, address);
        }
        FieldRule::AddressNotPublic { address } => {
            return t_string!(i18n, rule.address_not_public, address);
        }
        FieldRule::NotYaml { reason } => return t_string!(i18n, rule.not_yaml, reason),
        FieldRule::YamlDepth { max } => return t_string!(i18n, rule.yaml_depth, max = *max),
        FieldRule::YamlNodes { max } => {
            let max = number(i18n, i64::try_from(*max).unwrap_or(i64::MAX));
            return t_string!(i18n, rule.yaml_nodes, max);
        }
        FieldRule::UnknownGroupName { name } => {
            return t_string!(i18n, rule.unknown_group_name, name);
        }
        FieldRule::UnknownInstanceName { name } => {
            return t_string!(i18n, rule.unknown_instance_name, name);
        }
        FieldRule::SecretVariable { name } => return t_string!(i18n, rule.secret_variable, name),
        FieldRule::SecretFile { path, reason } => {
            return t_string!(i18n, rule.secret_file, path, reason);
        }
        FieldRule::Missing => t_string!(i18n, rule.missing),
        FieldRule::Required => t_string!(i18n, rule.required),
        FieldRule::SecretMissing => t_string!(i18n, rule.secret_missing),
        FieldRule::SecretAgain => t_string!(i18n, rule.secret_again),
        FieldRule::Taken => t_string!(i18n, rule.taken),
        FieldRule::NotAUuid => t_string!(i18n, rule.not_a_uuid),
        FieldRule::NotATime => t_string!(i18n, rule.not_a_time),
        FieldRule::Unreadable => t_string!(i18n, rule.unreadable),
        FieldRule::Duplicate => t_string!(i18n, rule.duplicate),
        FieldRule::Blank => t_string!(i18n, rule.blank),
        FieldRule::OuterSpaces => t_string!(i18n, rule.outer_spaces),
        FieldRule::ControlCharacters => t_string!(i18n, rule.control_characters),
        FieldRule::ControlCharactersInText => t_string!(i18n, rule.control_characters_in_text),
        FieldRule::NotPrintableAscii => t_string!(i18n, rule.not_printable_ascii),
        FieldRule::HeaderName => t_string!(i18n, rule.header_name),
        FieldRule::HeaderOfToken => t_string!(i18n, rule.header_of_token),
        FieldRule::PathWithoutSlash => t_string!(i18n, rule.path_without_slash),
        FieldRule::PathCharacters => t_string!(i18n, rule.path_characters),
        FieldRule::PathClimbs => t_string!(i18n, rule.path_climbs),
        FieldRule::GroupName => t_string!(i18n, rule.group_name),
        FieldRule::HostAlone => t_string!(i18n, rule.host_alone),
        FieldRule::NotAHost => t_string!(i18n, rule.not_a_host),
        FieldRule::TokensWithoutAuth => t_string!(i18n, rule.tokens_without_auth),
        FieldRule::ParameterSetAndStripped => t_string!(i18n, rule.parameter_set_and_stripped),
        FieldRule::ProxyUrl => t_string!(i18n, rule.proxy_url),
        FieldRule::ProxyUrlPath => t_string!(i18n, rule.proxy_url_path),
        FieldRule::CredentialsInUrl => t_string!(i18n, rule.credentials_in_url),
        FieldRule::CertificateUnreadable => t_string!(i18n, rule.certificate_unreadable),
        FieldRule::CertificateMissing => t_string!(i18n, rule.certificate_missing),
        FieldRule::NotInFuture => t_string!(i18n, rule.not_in_future),
        FieldRule::PasswordCommon => t_string!(i18n, rule.password_common),
        FieldRule::PasswordIsUsername => t_string!(i18n, rule.password_is_username),
        FieldRule::OfIdentityProvider => t_string!(i18n, rule.of_identity_provider),
        FieldRule::NotAPathOfSite => t_string!(i18n, rule.not_a_path_of_site),
        FieldRule::PasswordWrong => t_string!(i18n, rule.password_wrong),
        FieldRule::UnknownInstance => t_string!(i18n, rule.unknown_instance),
        FieldRule::GroupNameOfAssistant => t_string!(i18n, rule.group_name_of_assistant),
        FieldRule::PrivateWithoutOwner => t_string!(i18n, rule.private_without_owner),
        FieldRule::UnknownGroup => t_string!(i18n, rule.unknown_group),
        FieldRule::UnknownAssistant => t_string!(i18n, rule.unknown_assistant),
        FieldRule::UnknownQuestion => t_string!(i18n, rule.unknown_question),
        FieldRule::ExactlyOneOf { .. } => t_string!(i18n, rule.exactly_one_of),
        FieldRule::UnknownStoredItem => t_string!(i18n, rule.unknown_stored_item),
        FieldRule::NotUnicode => t_string!(i18n, rule.not_unicode),
        FieldRule::YamlEmpty => t_string!(i18n, rule.yaml_empty),
        FieldRule::YamlDocuments => t_string!(i18n, rule.yaml_documents),
        FieldRule::YamlTag => t_string!(i18n, rule.yaml_tag),
        FieldRule::YamlMerge => t_string!(i18n, rule.yaml_merge),
        FieldRule::YamlAlias => t_string!(i18n, rule.yaml_alias),
        FieldRule::YamlName => t_string!(i18n, rule.yaml_name),
        FieldRule::SecretForm => t_string!(i18n, rule.secret_form),
        FieldRule::SecretReference => t_string!(i18n, rule.secret_reference),
        FieldRule::SecretNotStored => t_string!(i18n, rule.secret_not_stored),
        FieldRule::SecretAmbiguous => t_string!(i18n, rule.secret_ambiguous),
        FieldRule::HttpsRequired => t_string!(i18n, rule.https_required),
    };
    text.to_owned()
}

fn value_type(i18n: Words, expected: ValueType) -> &'static str {
    match expected {
        ValueType::Boolean => t_string!(i18n, rule.types.boolean),
        ValueType::Number => t_string!(i18n, rule.types.number),
        ValueType::WholeNumber => t_string!(i18n, rule.types.whole_number),
        ValueType::NaturalNumber => t_string!(i18n, rule.types.natural_number),
        ValueType::String => t_string!(i18n, rule.types.string),
        ValueType::Uuid => t_string!(i18n, rule.types.uuid),
        ValueType::Time => t_string!(i18n, rule.types.time),
        ValueType::List => t_string!(i18n, rule.types.list),
        ValueType::Object => t_string!(i18n, rule.types.object),
    }
}

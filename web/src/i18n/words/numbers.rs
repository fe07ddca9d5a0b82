//! Numbers and the forms of words that go with them. The rules of two languages are a few lines; the data of all would be half a megabyte.

use super::super::*;
use super::Words;

/// The form of a word that goes with a number. English has no `Few`: it says there what it says for `Many`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plural {
    /// 1 запрос, 21 запрос; 1 request.
    One,
    /// 2 запроса, 24 запроса.
    Few,
    /// 5 запросов, 11 запросов; 0 requests, 2 requests.
    Many,
}

impl Plural {
    /// The form in this language.
    pub fn of(locale: Locale, count: u64) -> Self {
        match locale {
            Locale::en if count == 1 => Self::One,
            Locale::en => Self::Many,
            Locale::ru => match (count % 10, count % 100) {
                (_, 11..=14) => Self::Many,
                (1, _) => Self::One,
                (2..=4, _) => Self::Few,
                _ => Self::Many,
            },
        }
    }
}

/// The form of a word that goes with `count` in the language of the screen.
pub fn plural(i18n: Words, count: u64) -> Plural {
    Plural::of(i18n.get_locale(), count)
}

/// A number with its thousands apart: "9 037", "9,037".
pub fn number(i18n: Words, number: i64) -> String {
    // A space that neither breaks nor is as wide as one between words.
    let apart = match i18n.get_locale() {
        Locale::ru => '\u{202f}',
        Locale::en => ',',
    };
    grouped(number, apart)
}

fn grouped(number: i64, apart: char) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    if number < 0 {
        text.push('−');
    }
    // Four digits are read at once; only the others need help.
    let helped = digits.len() > 4 || apart == ',';
    for (index, digit) in digits.chars().enumerate() {
        if helped && index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(apart);
        }
        text.push(digit);
    }
    text
}

fn count_number(i18n: Words, count: u64) -> String {
    number(i18n, i64::try_from(count).unwrap_or(i64::MAX))
}

macro_rules! counted {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        pub fn $name(i18n: Words, number: u64) -> String {
            let count = count_number(i18n, number);
            match plural(i18n, number) {
                Plural::One => t_string!(i18n, count.$name.one, count),
                Plural::Few => t_string!(i18n, count.$name.few, count),
                Plural::Many => t_string!(i18n, count.$name.many, count),
            }
        }
    )+};
}

counted! {
    /// "ещё 3 символа".
    characters,
    /// After "at least" or "at most": "не меньше 2 символов".
    characters_at_least,
    /// After "at least" or "at most": "не больше 100 пунктов".
    items_at_least,
    /// "27 моделей".
    models,
    /// "90 дней".
    days,
    /// "4096 токенов".
    tokens,
    /// After "in": "через 2 секунды".
    seconds,
    /// After "in": "через 5 минут".
    minutes,
}

/// A size in memory, in the unit in which it is whole: "64 КБ".
pub fn bytes(i18n: Words, bytes: u64) -> String {
    const KIBI: u64 = 1024;
    let whole = |unit: u64| bytes > 0 && bytes.is_multiple_of(unit);
    if whole(KIBI * KIBI) {
        t_string!(
            i18n,
            count.mebibytes,
            count = count_number(i18n, bytes / KIBI / KIBI)
        )
    } else if whole(KIBI) {
        t_string!(
            i18n,
            count.kibibytes,
            count = count_number(i18n, bytes / KIBI)
        )
    } else {
        t_string!(i18n, count.bytes, count = count_number(i18n, bytes))
    }
}

/// A size as people say it, rounded: "6,2 ГБ", "512 МБ".
pub fn size(i18n: Words, bytes: u64) -> String {
    const MEBI: u64 = 1024 * 1024;
    if bytes < 1024 * MEBI {
        let count = count_number(i18n, (bytes + MEBI / 2) / MEBI);
        return t_string!(i18n, count.mebibytes, count);
    }
    let count = gibibytes(bytes, decimal_point(i18n.get_locale()));
    t_string!(i18n, count.gibibytes, count)
}

/// What stands before the digits of a fraction.
fn decimal_point(locale: Locale) -> char {
    match locale {
        Locale::ru => ',',
        Locale::en => '.',
    }
}

/// With one digit behind the point as long as there are few before it.
fn gibibytes(bytes: u64, point: char) -> String {
    let tenths = u128::from(bytes) * 10 / (1024 * 1024 * 1024);
    match (tenths / 10, tenths % 10) {
        (whole, tenth) if whole < 100 && tenth > 0 => format!("{whole}{point}{tenth}"),
        (whole, _) => whole.to_string(),
    }
}

/// How long to wait, after "in": seconds up to two minutes, then whole minutes, rather too long than too short.
pub fn wait(i18n: Words, seconds_left: u64) -> String {
    if seconds_left < 120 {
        seconds(i18n, seconds_left)
    } else {
        minutes(i18n, seconds_left.div_ceil(60))
    }
}

/// How long something took: "42 ms", "1.3 s".
pub fn duration(i18n: Words, ms: u64) -> String {
    if ms < 1_000 {
        t_string!(i18n, group.time.ms, count = ms)
    } else {
        let count = tenths(ms, i18n.get_locale());
        t_string!(i18n, group.time.s, count)
    }
}

/// Thousandths as a number with one decimal, as the language writes it.
pub fn tenths(ms: u64, locale: Locale) -> String {
    let rounded = (ms + 50) / 100;
    let point = decimal_point(locale);
    match (rounded / 10, rounded % 10) {
        (whole, 0) => whole.to_string(),
        (whole, tenth) => format!("{whole}{point}{tenth}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_one_decimal_and_the_point_of_the_language() {
        assert_eq!(tenths(1_340, Locale::en), "1.3");
        assert_eq!(tenths(1_340, Locale::ru), "1,3");
        assert_eq!(tenths(12_000, Locale::ru), "12");
        assert_eq!(tenths(1_960, Locale::en), "2");
    }

    #[test]
    fn words_take_the_form_of_their_number() {
        let forms = |locale, counts: &[u64]| -> Vec<Plural> {
            counts
                .iter()
                .map(|count| Plural::of(locale, *count))
                .collect()
        };
        assert_eq!(forms(Locale::ru, &[1, 21, 101]), [Plural::One; 3]);
        assert_eq!(forms(Locale::ru, &[2, 4, 22, 103]), [Plural::Few; 4]);
        assert_eq!(
            forms(Locale::ru, &[0, 5, 11, 12, 14, 20, 111]),
            [Plural::Many; 7]
        );
        assert_eq!(forms(Locale::en, &[1]), [Plural::One]);
        assert_eq!(forms(Locale::en, &[0, 2, 21]), [Plural::Many; 3]);
    }

    #[test]
    fn sizes_have_a_digit_behind_the_point_while_it_matters() {
        const GIBI: u64 = 1024 * 1024 * 1024;
        assert_eq!(gibibytes(GIBI, ','), "1");
        assert_eq!(gibibytes(GIBI * 13 / 2, ','), "6,5");
        assert_eq!(gibibytes(GIBI * 201 / 2, '.'), "100");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(9_037, ','), "9,037");
        assert_eq!(grouped(9_037, ' '), "9037");
        assert_eq!(grouped(3_600_000, ' '), "3 600 000");
        assert_eq!(grouped(-12_345, ' '), "−12 345");
        assert_eq!(grouped(0, ','), "0");
    }
}

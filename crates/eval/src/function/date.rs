//! Dates and times.

use weir_value::{Type, Value};

use super::args::Args;
use super::error::{fail, refuse};
use super::{Answer, Function, FunctionError, Parameter, unknown_number, unknown_text};

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("formatdate", &[Parameter::text("format"), Parameter::text("time")], unknown_text, |args| {
        let time = Time::parse(args.text(1)?).map_err(|error| error.of_argument(1))?;
        format_date(args.text(0)?, &time)
    }),
    Function::new("plantimestamp", &[], unknown_text, |args| Ok(moment(args.host.plan_timestamp()))),
    Function::new("timeadd", &[Parameter::text("timestamp"), Parameter::text("duration")], unknown_text, time_add),
    Function::new("timecmp", &[Parameter::text("timestamp_a"), Parameter::text("timestamp_b")], unknown_number, |args| {
        let time = |at: usize| Time::parse(args.text(at)?).map_err(|error| error.of_argument(at));
        let (a, b) = (time(0)?, time(1)?);
        Ok(Value::from(a.nanos.cmp(&b.nanos) as i64))
    }),
    Function::new("timestamp", &[], unknown_text, |args| Ok(moment(args.host.timestamp()))),
];

fn moment(time: Option<std::sync::Arc<str>>) -> Value {
    time.map_or_else(|| Value::unknown_not_null(Type::String), Value::from)
}

/// A point in time, and the offset in which it was written.
struct Time {
    /// Since 1970 in UTC.
    nanos: i128,
    /// East of Greenwich, in seconds.
    offset: i64,
}

const SECOND: i128 = 1_000_000_000;

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    /// 0 is Sunday.
    weekday: usize,
    hour: i64,
    minute: i64,
    second: i64,
}

/// Days since 1970 of a date of the proleptic Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

impl Time {
    /// Reads RFC 3339 in its strictest form.
    fn parse(text: &str) -> Result<Self, FunctionError> {
        let wrong = |why: String| FunctionError::call(format!("not a valid RFC3339 timestamp: {why}"));
        let bytes = text.as_bytes();
        let tail = |at: usize| text.get(at..).unwrap_or_default();
        let number = |at: usize, digits: usize| -> Option<i64> {
            let part = bytes.get(at..at + digits)?;
            if part.iter().all(u8::is_ascii_digit) { text[at..at + digits].parse().ok() } else { None }
        };
        let part = |at: usize, digits: usize, name: &str| {
            number(at, digits).ok_or_else(|| {
                wrong(match tail(at) {
                    "" => format!("end of string before {name}"),
                    rest if matches!(name, "hour" | "minute") => {
                        let _ = rest;
                        format!("{name} must have exactly two digits")
                    }
                    rest => format!("cannot use {rest:?} as {name}"),
                })
            })
        };
        let mark = |at: usize, mark: char| match tail(at) {
            rest if rest.starts_with(mark) => Ok(()),
            _ if mark == 'T' => Err(wrong("missing required time introducer 'T'".to_owned())),
            "" => Err(wrong(format!("end of string where \"{mark}\" is expected"))),
            rest => Err(wrong(format!("found {rest:?} where \"{mark}\" is expected"))),
        };
        let year = part(0, 4, "year")?;
        mark(4, '-')?;
        let month = part(5, 2, "month")?;
        if !(1..=12).contains(&month) {
            return Err(wrong(format!("cannot use {:?} as month", tail(7))));
        }
        mark(7, '-')?;
        let day = part(8, 2, "day of month")?;
        mark(10, 'T')?;
        let hour = part(11, 2, "hour")?;
        if hour > 23 {
            return Err(wrong("hour must be between 0 and 23 inclusive".to_owned()));
        }
        mark(13, ':')?;
        let minute = part(14, 2, "minute")?;
        if minute > 59 {
            return Err(wrong("minute must have exactly two digits".to_owned()));
        }
        mark(16, ':')?;
        let second = part(17, 2, "second")?;
        if second > 59 {
            return Err(wrong(format!("cannot use {:?} as second", tail(19))));
        }
        let mut at = 19;
        let mut fraction = 0;
        let digits = tail(at).get(1..).unwrap_or_default().bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && tail(at).starts_with(',') {
            return Err(wrong("cannot use \",\" as timestamp segment".to_owned()));
        }
        if digits > 0 && tail(at).starts_with('.') {
            let nine: String = tail(at)[1..=digits].chars().chain("000000000".chars()).take(9).collect();
            fraction = nine.parse::<i128>().unwrap_or(0);
            at += 1 + digits;
        }
        let rest = tail(at);
        let zone = rest.as_bytes();
        let (offset, length) = match zone {
            [] => return Err(wrong("end of string before UTC offset".to_owned())),
            [b'Z', ..] => (0, 1),
            [sign @ (b'+' | b'-'), _, _, b':', _, _, ..] => match (number(at + 1, 2), number(at + 4, 2)) {
                (Some(hours), Some(minutes)) if hours < 24 && minutes < 60 => {
                    let seconds = hours * 3600 + minutes * 60;
                    (if *sign == b'-' { -seconds } else { seconds }, 6)
                }
                (Some(_), Some(_)) => return Err(wrong("end of string before UTC offset".to_owned())),
                _ => return Err(wrong(format!("cannot use {rest:?} as UTC offset"))),
            },
            _ => return Err(wrong(format!("cannot use {rest:?} as UTC offset"))),
        };
        if !tail(at + length).is_empty() {
            return Err(wrong(format!("cannot use {:?} as timestamp segment", tail(at + length))));
        }
        if !(1..=month_length(year, month)).contains(&day) {
            return Err(wrong("day out of range".to_owned()));
        }
        let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
        Ok(Self { nanos: i128::from(seconds) * SECOND + fraction, offset })
    }

    fn civil(&self) -> Civil {
        let seconds = i64::try_from(self.nanos.div_euclid(SECOND)).unwrap_or(0) + self.offset;
        let (day, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let weekday = usize::try_from((day + 4).rem_euclid(7)).unwrap_or(0);
        let shifted = day + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let slot = (5 * of_year + 2) / 153;
        let month = if slot < 10 { slot + 3 } else { slot - 9 };
        Civil {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: of_year - (153 * slot + 2) / 5 + 1,
            weekday,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
        }
    }

    fn zone(&self, colon: &str) -> String {
        let minutes = self.offset.abs() / 60;
        let sign = if self.offset < 0 { '-' } else { '+' };
        format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
    }

    /// RFC 3339 without a fraction of the second.
    fn rfc3339(&self) -> String {
        let civil = self.civil();
        let zone = if self.offset == 0 { "Z".to_owned() } else { self.zone(":") };
        let sign = if civil.year < 0 { "-" } else { "" };
        format!("{sign}{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{zone}", civil.year.abs(), civil.month, civil.day, civil.hour, civil.minute, civil.second)
    }
}

const MONTHS: [&str; 12] = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

fn format_date(format: &str, time: &Time) -> Answer {
    let civil = time.civil();
    let mut out = String::new();
    let mut rest = format;
    while let Some(c) = rest.chars().next() {
        if c == '\'' {
            rest = literal(&rest[1..], &mut out)?;
            continue;
        }
        if !c.is_ascii_alphabetic() {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let length = rest.bytes().take_while(|b| *b == c as u8).count();
        let verb = &rest[..length];
        rest = &rest[length..];
        let month = usize::try_from(civil.month - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default();
        let day = DAYS[civil.weekday % 7];
        let noon = if civil.hour < 12 { "AM" } else { "PM" };
        let twelve = (civil.hour + 11) % 12 + 1;
        let two = |number: i64| format!("{number:02}");
        out.push_str(&match verb {
            "YYYY" => format!("{:04}", civil.year),
            "YY" => two(civil.year % 100),
            "MMMM" => month.to_owned(),
            "MMM" => month[..3].to_owned(),
            "MM" => two(civil.month),
            "M" => civil.month.to_string(),
            "DD" => two(civil.day),
            "D" => civil.day.to_string(),
            "EEEE" => day.to_owned(),
            "EEE" => day[..3].to_owned(),
            "hh" => two(civil.hour),
            "h" => civil.hour.to_string(),
            "HH" => two(twelve),
            "H" => twelve.to_string(),
            "AA" => noon.to_owned(),
            "aa" => noon.to_ascii_lowercase(),
            "mm" => two(civil.minute),
            "m" => civil.minute.to_string(),
            "ss" => two(civil.second),
            "s" => civil.second.to_string(),
            "ZZZZZ" => time.zone(":"),
            "ZZZZ" => time.zone(""),
            "ZZZ" if time.offset == 0 => "UTC".to_owned(),
            "ZZZ" => time.zone(""),
            "Z" if time.offset == 0 => "Z".to_owned(),
            "Z" => time.zone(":"),
            _ => return refuse(0, format!("invalid date format verb \"{verb}\"{}", hint(c))),
        });
    }
    Ok(out.into())
}

fn hint(letter: char) -> &'static str {
    match letter {
        'Y' => ": year must either be \"YY\" or \"YYYY\"",
        'M' => ": month must be \"M\", \"MM\", \"MMM\", or \"MMMM\"",
        'D' => ": day of month must either be \"D\" or \"DD\"",
        'E' => ": day of week must either be \"EEE\" or \"EEEE\"",
        'h' => ": 24-hour must either be \"h\" or \"hh\"",
        'H' => ": 12-hour must either be \"H\" or \"HH\"",
        'A' => ": must be \"AA\"",
        'a' => ": must be \"aa\"",
        'm' => ": minute must either be \"m\" or \"mm\"",
        's' => ": second must either be \"s\" or \"ss\"",
        'Z' => ": timezone must be Z, ZZZZ, or ZZZZZ",
        _ => "",
    }
}

/// What follows an opening quote; two quotes stand for one, at once or inside.
fn literal<'a>(rest: &'a str, out: &mut String) -> Result<&'a str, FunctionError> {
    if let Some(rest) = rest.strip_prefix('\'') {
        out.push('\'');
        return Ok(rest);
    }
    let mut at = 0;
    while let Some(found) = rest[at..].find('\'') {
        out.push_str(&rest[at..at + found]);
        at += found + 1;
        if !rest[at..].starts_with('\'') {
            return Ok(&rest[at..]);
        }
        out.push('\'');
        at += 1;
    }
    refuse(0, "unterminated literal '")
}

fn time_add(args: &Args<'_>) -> Answer {
    let time = Time::parse(args.text(0)?)?;
    let nanos = duration(args.text(1)?)?;
    Ok(Time { nanos: time.nanos + nanos, ..time }.rfc3339().into())
}

/// Nanoseconds of `-1h30m`, `1.5s`, `100ms`, …
fn duration(text: &str) -> Result<i128, FunctionError> {
    let invalid = || FunctionError::call(format!("time: invalid duration {text:?}"));
    let (negative, mut rest) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = &rest[..digits(rest)];
        rest = &rest[whole.len()..];
        let mut fraction = "";
        if let Some(after) = rest.strip_prefix('.') {
            fraction = &after[..digits(after)];
            rest = &after[fraction.len()..];
        }
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let unit = &rest[..rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len())];
        rest = &rest[unit.len()..];
        let scale: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3600 * SECOND,
            "" => return fail(format!("time: missing unit in duration {text:?}")),
            _ => return fail(format!("time: unknown unit {unit:?} in duration {text:?}")),
        };
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse::<i64>().map_err(|_| invalid())?.into() };
        // Below a nanosecond nothing counts, so eighteen places are more than enough.
        let fraction = &fraction[..fraction.len().min(18)];
        let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse::<i64>().map_err(|_| invalid())?.into() };
        let places = u32::try_from(fraction.len()).unwrap_or(0);
        total += whole * scale + part * scale / 10_i128.pow(places);
        if total > i128::from(i64::MAX) {
            return Err(invalid());
        }
    }
    Ok(if negative { -total } else { total })
}

/// The same time as RFC 3339 without a fraction of the second; `None` for what is none.
pub(super) fn normalize(text: &str) -> Option<String> {
    Time::parse(text).ok().map(|time| time.rfc3339())
}

#[cfg(test)]
mod tests {
    use crate::function::testing::{Files, check, check_in};

    #[test]
    fn formats() {
        let check = |format: &str, time: &str, expected: &str| check("formatdate", &format!("[{format:?}, {time:?}]"), &format!("{expected:?}"));
        check("YYYY-MM-DD'T'hh:mm:ssZ", "2018-01-02T23:12:01Z", "2018-01-02T23:12:01Z");
        check("EEEE, DD-MMM-YY hh:mm:ss ZZZ", "2018-01-02T23:12:01Z", "Tuesday, 02-Jan-18 23:12:01 UTC");
        check("EEE MMMM M D h H HH AA aa m s ZZZZ ZZZZZ Z", "2018-01-02T03:02:01-08:00", "Tue January 1 2 3 3 03 AM am 2 1 -0800 -08:00 -08:00");
        check("H 'o''clock'", "2018-01-02T23:12:01-08:00", "11 o'clock");
        check("HH:mm aa''", "2018-02-03T00:00:00.123Z", "12:00 am'");
        check("YY YYYY", "0009-01-02T23:12:01Z", "09 0009");
    }

    #[test]
    fn format_errors() {
        check("formatdate", r#"["YYY", "2018-01-02T23:12:01Z"]"#, r#"!0 invalid date format verb "YYY": year must either be "YY" or "YYYY""#);
        check("formatdate", r#"["Q", "2018-01-02T23:12:01Z"]"#, r#"!0 invalid date format verb "Q""#);
        check("formatdate", r#"["'abc", "2018-01-02T23:12:01Z"]"#, "!0 unterminated literal '");
        for (time, expected) in [
            ("", "end of string before year"),
            ("x", "cannot use \"x\" as year"),
            ("2018", "end of string where \"-\" is expected"),
            ("2018-01-02", "missing required time introducer 'T'"),
            ("2018-01-02t20:00:00Z", "missing required time introducer 'T'"),
            ("2018-13-02T00:00:00Z", "cannot use \"-02T00:00:00Z\" as month"),
            ("2018-2-03T20:00:00Z", "cannot use \"2-03T20:00:00Z\" as month"),
            ("2018-02-30T00:00:00Z", "day out of range"),
            ("2018-02-03T25:00:00Z", "hour must be between 0 and 23 inclusive"),
            ("2018-02-03T2:00:00Z", "hour must have exactly two digits"),
            ("2018-02-03T20:61:00Z", "minute must have exactly two digits"),
            ("2018-02-03T20:00Z", "found \"Z\" where \":\" is expected"),
            ("2018-02-03T20:00:60Z", "cannot use \"Z\" as second"),
            ("2018-02-03T20:00:00", "end of string before UTC offset"),
            ("2018-02-03T20:00:00+0100", "cannot use \"+0100\" as UTC offset"),
            ("2018-02-03T20:00:00.Z", "cannot use \".Z\" as UTC offset"),
            ("2018-02-03T20:00:00,5Z", "cannot use \",\" as timestamp segment"),
            ("2018-02-03T20:00:00Zx", "cannot use \"x\" as timestamp segment"),
        ] {
            check("formatdate", &format!("[\"DD\", {time:?}]"), &format!("!1 not a valid RFC3339 timestamp: {expected}"));
        }
    }

    #[test]
    fn arithmetic() {
        let add = |time: &str, duration: &str, expected: &str| check("timeadd", &format!("[{time:?}, {duration:?}]"), expected);
        add("2018-01-02T23:12:01Z", "10m", r#""2018-01-02T23:22:01Z""#);
        add("2018-01-02T23:12:01+02:00", "-1h30.5m5s", r#""2018-01-02T21:41:26+02:00""#);
        add("2018-01-02T23:12:01.5Z", "1.5s100ms", r#""2018-01-02T23:12:03Z""#);
        add("2018-01-02T23:12:01.999999999+05:30", "1ns", r#""2018-01-02T23:12:02+05:30""#);
        add("2018-01-02T23:12:01-00:00", "+1h", r#""2018-01-03T00:12:01Z""#);
        add("9999-12-31T23:59:59Z", "1.h", r#""10000-01-01T00:59:59Z""#);
        add("0000-01-01T00:00:00Z", "-1h", r#""-0001-12-31T23:00:00Z""#);
        add("2018-01-02T23:12:01Z", "x", "! time: invalid duration \"x\"");
        add("2018-01-02T23:12:01Z", "5", "! time: missing unit in duration \"5\"");
        add("2018-01-02T23:12:01Z", "1d", "! time: unknown unit \"d\" in duration \"1d\"");
        add("2018-01-02T23:12:01Z", "9999999h", "! time: invalid duration \"9999999h\"");
        check("timecmp", r#"["2018-01-02T23:12:01Z", "2018-01-03T00:12:01+01:00"]"#, "0");
        check("timecmp", r#"["2018-01-02T23:12:01Z", "2018-01-02T23:12:02Z"]"#, "-1");
    }

    #[test]
    fn clocks() {
        check_in(&Files::default(), "plantimestamp", "[]", r#""2024-02-29T12:00:00Z""#);
        check_in(&Files::default(), "timestamp", "[]", r#""2024-02-29T12:00:01Z""#);
        check("timestamp", "[]", "unknown:string");
    }
}

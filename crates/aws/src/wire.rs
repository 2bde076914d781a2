//! From the structs of resource types to those of the SDK and back, field by field, by table.

/// An object as the SDK takes it.
pub(crate) trait ToSdk<S> {
    /// The request's form.
    fn to_sdk(&self) -> S;
}

/// An object as the SDK gives it.
pub(crate) trait FromSdk<S> {
    /// The state's form.
    fn from_sdk(remote: &S) -> Self;
}

/// The single block of a kind, if any.
pub(crate) fn block<T: FromSdk<S>, S>(remote: Option<&S>) -> Vec<T> {
    remote.map(T::from_sdk).into_iter().collect()
}

/// All blocks of a kind.
pub(crate) fn blocks<T: FromSdk<S>, S>(remote: &[S]) -> Vec<T> {
    remote.iter().map(T::from_sdk).collect()
}

/// A switch that is a text, so that it can be unset.
pub(crate) fn truth(text: Option<&String>) -> Option<bool> {
    match text?.as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// `wire! { Ours => Request, Response { kind field, kind field: sdk_field, … } }` implements [`ToSdk<Request>`] and [`FromSdk<Response>`]. Kinds: `text`, `word` (an enumeration), `int`, `long`, `float`, `flag`,
/// `truth` (a switch that is a text), `time` (RFC 3339), `texts`, `words`, `items` (texts that the SDK wraps), `pairs` (a map), `one` and `many` (nested blocks). An empty text or collection is not sent. Attributes before
/// the table go to the first implementation.
macro_rules! wire {
    ($(#[$attribute:meta])* $ours:ty => $request:ty, $response:ty { $($kind:ident $field:ident $(: $sdk:ident)?),* $(,)? }) => {
        $(#[$attribute])*
        impl $crate::wire::ToSdk<$request> for $ours {
            fn to_sdk(&self) -> $request {
                let mut builder = <$request>::builder();
                $($crate::wire::put!(builder, $kind, self.$field, $field $(, $sdk)?);)*
                builder.build()
            }
        }
        impl $crate::wire::FromSdk<$response> for $ours {
            fn from_sdk(remote: &$response) -> Self {
                let mut ours = Self::default();
                $(ours.$field = $crate::wire::get!($kind, remote, $field $(, $sdk)?);)*
                ours
            }
        }
    };
}

macro_rules! put {
    ($builder:ident, $kind:ident, $value:expr, $field:ident, $sdk:ident) => {
        $crate::wire::put!($builder, $kind, $value, $sdk)
    };
    ($builder:ident, text, $value:expr, $field:ident) => {
        if let Some(value) = $value.as_deref().filter(|value| !value.is_empty()) {
            $builder = $builder.$field(value);
        }
    };
    ($builder:ident, word, $value:expr, $field:ident) => {
        if let Some(value) = $value.as_deref().filter(|value| !value.is_empty()) {
            $builder = $builder.$field(value.into());
        }
    };
    ($builder:ident, int, $value:expr, $field:ident) => {
        if let Some(value) = $value {
            $builder = $builder.$field(value as i32);
        }
    };
    ($builder:ident, truth, $value:expr, $field:ident) => {
        if let Some(value) = $crate::wire::truth($value.as_ref()) {
            $builder = $builder.$field(value);
        }
    };
    ($builder:ident, time, $value:expr, $field:ident) => {
        if let Some(value) = $value.as_deref().and_then(|value| aws_smithy_types::DateTime::from_str(value, aws_smithy_types::date_time::Format::DateTime).ok()) {
            $builder = $builder.$field(value);
        }
    };
    ($builder:ident, texts, $value:expr, $field:ident) => {
        for value in $value.iter().flatten() {
            $builder = $builder.$field(value.as_str());
        }
    };
    ($builder:ident, words, $value:expr, $field:ident) => {
        for value in $value.iter().flatten() {
            $builder = $builder.$field(value.as_str().into());
        }
    };
    ($builder:ident, items, $value:expr, $field:ident) => {
        for value in $value.iter().flatten() {
            $builder = $builder.$field($crate::wire::ToSdk::to_sdk(value));
        }
    };
    ($builder:ident, pairs, $value:expr, $field:ident) => {
        for (key, value) in $value.iter().flatten() {
            $builder = $builder.$field(key.as_str(), value.as_str());
        }
    };
    ($builder:ident, one, $value:expr, $field:ident) => {
        for value in &$value {
            $builder = $builder.$field($crate::wire::ToSdk::to_sdk(value));
        }
    };
    ($builder:ident, many, $value:expr, $field:ident) => {
        $crate::wire::put!($builder, one, $value, $field)
    };
    // What the SDK has in the same form: `long`, `float`, `flag`.
    ($builder:ident, $same:ident, $value:expr, $field:ident) => {
        if let Some(value) = $value {
            $builder = $builder.$field(value);
        }
    };
}

macro_rules! get {
    ($kind:ident, $remote:ident, $field:ident, $sdk:ident) => {
        $crate::wire::get!($kind, $remote, $sdk)
    };
    (text, $remote:ident, $field:ident) => {
        $remote.$field.clone()
    };
    (texts, $remote:ident, $field:ident) => {
        $remote.$field.clone().filter(|items| !items.is_empty())
    };
    (word, $remote:ident, $field:ident) => {
        $remote.$field.as_ref().map(|word| word.as_str().to_owned())
    };
    (words, $remote:ident, $field:ident) => {
        $remote.$field.as_ref().filter(|items| !items.is_empty()).map(|words| words.iter().map(|word| word.as_str().to_owned()).collect())
    };
    (items, $remote:ident, $field:ident) => {
        $remote.$field.as_ref().filter(|items| !items.is_empty()).map(|items| $crate::wire::blocks(items))
    };
    (time, $remote:ident, $field:ident) => {
        $remote.$field.as_ref().and_then(|time| time.fmt(aws_smithy_types::date_time::Format::DateTime).ok())
    };
    (pairs, $remote:ident, $field:ident) => {
        $remote.$field.as_ref().filter(|pairs| !pairs.is_empty()).map(|pairs| pairs.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
    };
    (int, $remote:ident, $field:ident) => {
        $remote.$field.map(i64::from)
    };
    (truth, $remote:ident, $field:ident) => {
        $remote.$field.map(|truth| truth.to_string())
    };
    (one, $remote:ident, $field:ident) => {
        $crate::wire::block($remote.$field.as_ref())
    };
    (many, $remote:ident, $field:ident) => {
        $crate::wire::blocks($remote.$field.as_deref().unwrap_or_default())
    };
    ($same:ident, $remote:ident, $field:ident) => {
        $remote.$field
    };
}

pub(crate) use {get, put, wire};

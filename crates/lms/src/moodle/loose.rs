//! Reading Moodle's JSON without trusting its types: numbers come as text, flags as 0/1, objects as empty lists.

use serde_json::Value;

/// A text; numbers are written out, anything else is empty.
pub fn text(of: &Value, key: &str) -> String {
    match of.get(key) {
        Some(Value::String(s)) => s.clone(),
        Some(Value::Number(n)) => n.to_string(),
        _ => String::new(),
    }
}

/// A whole number, also when written as text.
pub fn int(of: &Value, key: &str) -> Option<i64> {
    match of.get(key)? {
        Value::Number(n) => n.as_i64().or_else(|| n.as_f64().map(|f| f as i64)),
        Value::String(s) => s.trim().parse().ok(),
        Value::Bool(b) => Some(i64::from(*b)),
        _ => None,
    }
}

/// A number, also when written as text; only finite ones.
pub fn number(of: &Value, key: &str) -> Option<f64> {
    match of.get(key)? {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
    .filter(|n: &f64| n.is_finite())
}

/// A flag as true/false or 0/1.
pub fn flag(of: &Value, key: &str) -> Option<bool> {
    match of.get(key)? {
        Value::Bool(b) => Some(*b),
        Value::Number(n) => Some(n.as_i64() != Some(0)),
        Value::String(s) => Some(!matches!(s.as_str(), "" | "0" | "false")),
        _ => None,
    }
}

/// A list; anything else is an empty one.
pub fn list<'a>(of: &'a Value, key: &str) -> &'a [Value] {
    of.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// An object; Moodle's `[]` for "none" is `None`.
pub fn object<'a>(of: &'a Value, key: &str) -> Option<&'a Value> {
    of.get(key).filter(|v| v.is_object())
}

/// The list's entry whose `key` is the number `wanted`.
pub fn find<'a>(list: &'a [Value], key: &str, wanted: i64) -> Option<&'a Value> {
    list.iter().find(|v| int(v, key) == Some(wanted))
}

/// Seconds as milliseconds; 0 is "none".
pub fn time(of: &Value, key: &str) -> Option<daypack_course::TimeMs> {
    int(of, key).filter(|s| *s > 0).map(|s| daypack_course::TimeMs(s.saturating_mul(1000)))
}

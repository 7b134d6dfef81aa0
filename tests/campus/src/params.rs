//! Parameters as PHP reads them: `a[0][name]=x` becomes a tree.
//! Must stay true: a later field of the same name wins, as in PHP, and list order is numeric.

use std::collections::BTreeMap;

/// A field or a group of fields.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// A leaf.
    Text(String),
    /// Named children.
    Group(BTreeMap<String, Param>),
}

impl Default for Param {
    fn default() -> Self {
        Self::Group(BTreeMap::new())
    }
}

impl Param {
    /// Reads `application/x-www-form-urlencoded` text.
    pub fn parse(form: &str) -> Self {
        let mut root = Self::default();
        for pair in form.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            root.set(&unescape(name), unescape(value));
        }
        root
    }

    /// Reads JSON, as a call inside a batch has its parameters.
    pub fn of_json(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Text(String::new()),
            Value::Bool(truth) => Self::Text(i32::from(*truth).to_string()),
            Value::Number(number) => Self::Text(number.to_string()),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(all) => {
                let numbered = all.iter().enumerate();
                Self::Group(numbered.map(|(at, one)| (at.to_string(), Self::of_json(one))).collect())
            }
            Value::Object(all) => {
                Self::Group(all.iter().map(|(name, one)| (name.clone(), Self::of_json(one))).collect())
            }
        }
    }

    /// Adds one field under its PHP name.
    pub fn set(&mut self, name: &str, value: String) {
        let (head, rest) = match name.find('[') {
            Some(at) if at > 0 => name.split_at(at),
            _ => (name, ""),
        };
        let mut path = vec![head.replace(['.', ' '], "_")];
        for part in rest.split('[').skip(1) {
            path.push(part.trim_end_matches(']').to_owned());
        }
        self.put(&path, value);
    }

    fn put(&mut self, path: &[String], value: String) {
        let Some((first, rest)) = path.split_first() else {
            *self = Self::Text(value);
            return;
        };
        if let Self::Text(_) = self {
            *self = Self::default();
        }
        if let Self::Group(children) = self {
            let name = if first.is_empty() {
                let next = children.keys().filter_map(|key| key.parse::<u64>().ok()).max();
                next.map_or(0, |last| last + 1).to_string()
            } else {
                first.clone()
            };
            children.entry(name).or_default().put(rest, value);
        }
    }

    /// The child of that name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Group(children) => children.get(name),
            Self::Text(_) => None,
        }
    }

    /// The text of the child of that name.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Self::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Takes the child out.
    pub fn take(&mut self, name: &str) -> Option<Self> {
        match self {
            Self::Group(children) => children.remove(name),
            Self::Text(_) => None,
        }
    }

    /// Adds every field of `other`; `other` wins.
    pub fn merge(&mut self, other: Self) {
        if let (Self::Group(mine), Self::Group(theirs)) = (self, other) {
            mine.extend(theirs);
        }
    }
}

/// Undoes `+` and percent escapes.
pub fn unescape(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_fields_become_a_tree() {
        let tree = Param::parse("a[0][name]=x+y&a[0][value]=%C3%BC&a[10][name]=z&b=1&b=2&c[]=p&c[]=q");
        assert_eq!(tree.get("a").and_then(|a| a.get("0")).and_then(|a| a.text("value")), Some("ü"));
        assert_eq!(tree.get("a").and_then(|a| a.get("10")).and_then(|a| a.text("name")), Some("z"));
        assert_eq!(tree.text("b"), Some("2"));
        assert_eq!(tree.get("c").and_then(|c| c.text("1")), Some("q"));
    }
}

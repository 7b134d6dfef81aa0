//! Calling a web-service function: `POST /webservice/rest/server.php`, PHP-style nested parameters, and the two
//! shapes of error. Status 200 proves nothing; the body decides.

use daypack_course::TimeMs;
use serde_json::Value;

use super::{loose, words};
use crate::net::{Answer, Net, NetError, Secret, address};

/// How a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// On the way.
    #[error(transparent)]
    Net(#[from] NetError),
    /// An HTTP status other than 200 without a readable error.
    #[error("HTTP status {status}")]
    Status {
        /// The status.
        status: u16,
        /// Seconds to wait, when said.
        retry_after: Option<u32>,
        /// When, by the site's clock.
        at: TimeMs,
    },
    /// A web page where JSON belongs: something between us and the site answers.
    #[error("a web page instead of an answer")]
    Page,
    /// Moodle says no.
    #[error("{code}: {said}")]
    Refused {
        /// `errorcode`; may be a sentence or empty.
        code: String,
        /// `message` or `error` as plain text.
        said: String,
        /// When, by the site's clock.
        at: TimeMs,
    },
    /// Neither JSON nor a page.
    #[error("an answer that makes no sense")]
    Shape,
}

impl CallError {
    /// The error code, when Moodle gave one.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            _ => "",
        }
    }
}

/// An answer with the site's clock.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The answer: object, list, null, true, number or text.
    pub value: Value,
    /// When, by the site's clock.
    pub at: TimeMs,
}

/// Calls in the name of one account.
pub struct Rest<'a> {
    /// The client.
    pub net: &'a Net,
    /// Address of the site.
    pub site: &'a str,
    /// The token.
    pub token: &'a Secret,
}

impl<'a> Rest<'a> {
    /// Calls at `site` with `token`.
    pub fn new(net: &'a Net, site: &'a str, token: &'a Secret) -> Self {
        Self { net, site, token }
    }

    /// Calls `function` with nested parameters.
    pub async fn call(&self, function: &str, params: Value) -> Result<Reply, CallError> {
        let url = address::below(self.site, "webservice/rest/server.php").ok_or(NetError::BadAddress)?;
        let answer = self.net.post_form(&url, self.form(function, &params)).await?;
        let reply = judge(&answer);
        tracing::debug!(function, ok = reply.is_ok(), "call");
        reply
    }

    fn form(&self, function: &str, params: &Value) -> String {
        let mut fields = Vec::new();
        flatten(&mut fields, String::new(), params);
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("wstoken", self.token.expose())
            .append_pair("wsfunction", function)
            .append_pair("moodlewsrestformat", "json")
            .extend_pairs(fields)
            .finish()
    }
}

/// Judges an answer of REST, token.php or upload.php.
pub fn judge(answer: &Answer) -> Result<Reply, CallError> {
    let at = answer.at;
    if answer.is_html() {
        if answer.status == 200 {
            return Err(CallError::Page);
        }
        return Err(status(answer));
    }
    let Ok(value) = serde_json::from_slice::<Value>(&answer.body) else {
        return Err(if answer.status == 200 { CallError::Shape } else { status(answer) });
    };
    if let Some(refused) = refused(&value, at) {
        return Err(refused);
    }
    if answer.status != 200 {
        return Err(status(answer));
    }
    Ok(Reply { value, at })
}

/// The error in a body, of either shape.
pub fn refused(value: &Value, at: TimeMs) -> Option<CallError> {
    let object = value.as_object()?;
    let said = if object.contains_key("exception") && !object.contains_key("lastattempt") {
        loose::text(value, "message")
    } else if object.get("error").is_some_and(Value::is_string) && object.contains_key("errorcode") {
        loose::text(value, "error")
    } else {
        return None;
    };
    Some(CallError::Refused { code: loose::text(value, "errorcode"), said: words::said(&said), at })
}

fn status(answer: &Answer) -> CallError {
    let retry_after =
        answer.headers.get("retry-after").and_then(|v| v.to_str().ok()).and_then(|v| v.trim().parse().ok());
    CallError::Status { status: answer.status, retry_after, at: answer.at }
}

/// `{"a": [{"b": 1}]}` becomes `a[0][b]=1`. Null is left out, an empty list too (as PHP clients do).
pub fn flatten(into: &mut Vec<(String, String)>, name: String, value: &Value) {
    let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}[{key}]") };
    match value {
        Value::Null => {}
        Value::Bool(b) => into.push((name, if *b { "1" } else { "0" }.to_owned())),
        Value::Number(n) => into.push((name, n.to_string())),
        Value::String(s) => into.push((name, s.clone())),
        Value::Array(all) => {
            for (i, v) in all.iter().enumerate() {
                flatten(into, below(&i.to_string()), v);
            }
        }
        Value::Object(all) => {
            for (k, v) in all {
                flatten(into, below(k), v);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parameters_are_nested_as_php_reads_them() {
        let mut out = Vec::new();
        flatten(
            &mut out,
            String::new(),
            &json!({"attemptid": 1, "data": [{"name": "q1:2_answer", "value": "x"}], "up": true}),
        );
        let out: Vec<String> = out.into_iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(out, ["attemptid=1", "data[0][name]=q1:2_answer", "data[0][value]=x", "up=1"]);
    }
}

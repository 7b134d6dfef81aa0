//! What the site says of itself to programs on phones and computers, its time zone among it.

use serde_json::{Value, json};

use crate::campus::{Caller, Campus};
use crate::fault::Fault;
use crate::site::SITE_NAME;
use crate::world::World;

/// Names and values as recorded; those that are another site's are put in place below.
const RECORDED: &str = include_str!("../config.json");

/// `tool_mobile_get_config`
pub fn get(campus: &Campus, _: &mut World, _: &Caller, _: &Value) -> Result<Value, Fault> {
    let recorded: Vec<(String, Value)> = serde_json::from_str(RECORDED).unwrap_or_default();
    let settings: Vec<Value> = recorded
        .into_iter()
        .map(|(name, value)| {
            let value = match name.as_str() {
                "fullname" | "shortname" => json!(SITE_NAME),
                "mygradesurl" => json!(campus.url("/grade/report/overview/index.php")),
                _ => value,
            };
            json!({"name": name, "value": value})
        })
        .collect();
    Ok(json!({"settings": settings, "warnings": []}))
}

/// `core_user_get_user_preferences`: unknown names have no value.
pub fn preferences(_: &Campus, _: &mut World, _: &Caller, params: &Value) -> Result<Value, Fault> {
    let name = super::text(params, "name");
    let preferences = match name {
        "" => Vec::new(),
        name => vec![json!({"name": name, "value": null})],
    };
    Ok(json!({"preferences": preferences, "warnings": []}))
}

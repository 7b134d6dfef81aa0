//! Scripts beside the REST endpoint that answer JSON: sign-in and the public configuration.
//! Must stay true: a wrong password and an unknown name answer the same; every sign-in of a person
//! gives the same token; over plain HTTP there is no private token.

use axum::body::Body;
use axum::http::{HeaderMap, Response};
use serde_json::{Value, json};

use crate::campus::Campus;
use crate::fault::{Fault, script_error};
use crate::params::Param;
use crate::reply::{self, JSON, Reply, php_json};
use crate::site::{SITE_NAME, USERS, random_hex};
use crate::world::{Token, World};

/// `login/token.php`
pub fn token(campus: &Campus, form: &Param) -> Reply {
    let answer = |value: &Value| Reply::new("login/token.php", reply::script(200, JSON, value));
    if form.text("appsitecheck").is_some_and(|value| value == "1") {
        return answer(&json!({"appsitecheck": "ok"}));
    }
    if let Some(code) = campus.switches.fails("login/token.php") {
        return answer(&Fault::of(&code).script());
    }
    if campus.switches.is_maintenance() {
        return answer(&Fault::of("sitemaintenance").script());
    }
    let mut given = Vec::new();
    for name in ["username", "password", "service"] {
        match form.text(name) {
            Some(value) => given.push(value),
            None => {
                let message = format!("A required parameter ({name}) was missing");
                return answer(&script_error("missingparam", &message));
            }
        }
    }
    let [username, password, service] = given.as_slice() else {
        return answer(&script_error("missingparam", "A required parameter (username) was missing"));
    };
    let username = username.trim().to_lowercase();
    let user = USERS.iter().find(|user| user.username == username && user.password == *password);
    let value = campus.with(|world| match user {
        Some(user) if !world.suspended.contains(user.username) => match *service {
            "moodle_mobile_app" => {
                json!({"token": sign_in(world, user.id), "privatetoken": null})
            }
            _ => script_error(
                "servicenotavailable",
                "Web service is not available. (It doesn't exist or might be disabled.)",
            ),
        },
        _ => script_error("invalidlogin", "Invalid login, please try again"),
    });
    answer(&value.unwrap_or_else(|broken| script_error("error", &broken.to_string())))
}

/// The token of a person; the same for each sign-in.
pub fn sign_in(world: &mut World, user: i64) -> String {
    if let Some(known) = world.tokens.iter().find(|token| token.user == user && !token.expired) {
        return known.token.clone();
    }
    world.tokens.retain(|token| token.user != user);
    let token = random_hex(16);
    world.tokens.push(Token { token: token.clone(), private: random_hex(32), user, expired: false });
    world.touch();
    token
}

/// `lib/ajax/service-nologin.php`
pub fn nologin(campus: &Campus, headers: &HeaderMap, body: &str) -> Reply {
    let calls: Vec<Value> = serde_json::from_str(body).unwrap_or_default();
    let mut answers = Vec::new();
    for call in &calls {
        let name = call.get("methodname").and_then(Value::as_str).unwrap_or("");
        if name == "tool_mobile_get_public_config" {
            answers.push(json!({"error": false, "data": public_config(campus)}));
        } else if name == "tool_mobile_get_tokens_for_qr_login" {
            answers.push(crate::launch::by_code(campus, headers, call));
        } else if campus.schema.names().any(|known| known == name) || name.starts_with("tool_mobile_") {
            answers.push(json!({"error": true, "exception": {
                "message": "Web service is not available. (It doesn't exist or might be disabled.)",
                "errorcode": "servicenotavailable", "link": campus.url("/"),
                "moreinfourl": "https://docs.moodle.org/405/en/error/webservice/servicenotavailable"}}));
            break;
        } else {
            let fault = Fault::no_record("external_functions").script();
            return Reply::new("service-nologin.php", reply::script(200, JSON, &fault));
        }
    }
    let response: Response<Body> =
        reply::response(200, &[("Content-Type", JSON)], php_json(&Value::Array(answers)));
    Reply::new("service-nologin.php", response)
}

fn public_config(campus: &Campus) -> Value {
    let on = campus.switches.is_maintenance();
    json!({
        "wwwroot": campus.plan.site, "httpswwwroot": campus.plan.site, "sitename": SITE_NAME, "guestlogin": 0,
        "rememberusername": 2, "authloginviaemail": 0, "registerauth": "", "forgottenpasswordurl": "",
        "authinstructions": "", "authnoneenabled": 0, "enablewebservices": 1, "enablemobilewebservice": 1,
        "maintenanceenabled": i32::from(on), "maintenancemessage": if on { "Back at noon" } else { "" },
        "typeoflogin": campus.pages.set().way.max(1), "launchurl": campus.url("/admin/tool/mobile/launch.php"), "mobilecssurl": "",
        "tool_mobile_disabledfeatures": "", "country": "0", "agedigitalconsentverification": false,
        "supportpage": "", "supportavailability": 1, "autolang": 0, "lang": "en", "langmenu": 1,
        "langlist": "", "locale": "", "tool_mobile_minimumversion": "", "tool_mobile_iosappid": "633359593",
        "tool_mobile_androidappid": "com.moodle.moodlemobile",
        "tool_mobile_setuplink": "https://download.moodle.org/mobile", "tool_mobile_qrcodetype": 2,
        "warnings": [], "showloginform": 1
    })
}

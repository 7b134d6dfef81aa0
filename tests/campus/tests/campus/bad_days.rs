//! The switches: slow, offline, portal, lost replies, errors, restarts.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{Campus, PREFLIGHT, data};

const SITE_INFO: &str = "core_webservice_get_site_info";

#[test]
fn a_lost_reply_takes_effect_and_sends_no_byte() {
    let campus = Campus::open(&[]);
    campus.ctl(&["lose-replies", "1"]);
    // A read is not a write: it is answered.
    assert_eq!(campus.call(SITE_INFO, "")["userid"], 4);
    let form = "forumid=1&subject=s&message=m";
    assert!(campus.try_call("mod_forum_add_discussion", form).is_err());
    assert_eq!(campus.ctl(&["state"])["discussions"].as_array().unwrap().len(), 2);
    assert!(campus.call("mod_forum_add_discussion", form)["discussionid"].is_i64());
    campus.ctl(&["lose-replies", "2", SITE_INFO]);
    assert!(campus.try_call(SITE_INFO, "").is_err());
    assert!(campus.try_call(SITE_INFO, "").is_err());
    assert!(campus.try_call(SITE_INFO, "").is_ok());
    campus.ctl(&["lose-replies", "1"]);
    assert!(campus.upload(77, &[("a.txt", b"a")]).is_err());
    assert_eq!(campus.upload(77, &[("a.txt", b"a")]).unwrap()[0]["errortype"], "filenameexist");
    let log = campus.ctl(&["requests"]);
    let lost = log["requests"].as_array().unwrap().iter().filter(|request| request["lost"] == true).count();
    assert_eq!(lost, 4);
    assert_eq!(log["by_function"]["mod_forum_add_discussion"]["count"], 2);
    assert!(!log.to_string().contains(&campus.token), "the log holds no token");
}

#[test]
fn what_was_answered_survives_a_kill() {
    let state = tempfile::tempdir().unwrap();
    let dir = state.path().to_str().unwrap();
    let campus = Campus::open(&["--state", dir]);
    let token = campus.token.clone();
    campus.call("mod_quiz_start_attempt", "quizid=1");
    let fields = data(&[("q1:4_:sequencecheck", "1"), ("q1:4_answer", "1")]);
    campus.call("mod_quiz_process_attempt", &format!("attemptid=1&{fields}&{PREFLIGHT}"));
    let up = campus.upload(0, &[("a.txt", b"kept")]).unwrap();
    campus.kill();
    let campus = Campus::open(&["--state", dir]);
    assert_eq!(campus.token, token);
    let page = campus.call("mod_quiz_get_attempt_data", &format!("attemptid=1&page=0&{PREFLIGHT}"));
    assert_eq!(page["questions"][3]["sequencecheck"], 2);
    let draft = up[0]["itemid"].as_i64().unwrap();
    let again = campus.upload(draft, &[("a.txt", b"kept")]).unwrap();
    assert_eq!(again[0]["errortype"], "filenameexist");
    campus.ctl(&["reset"]);
    assert_eq!(campus.ctl(&["state"])["attempts"], json!([]));
    // Without a state folder nothing stays: the control of this test.
    let fresh = Campus::open(&[]);
    fresh.call("mod_quiz_start_attempt", "quizid=1");
    fresh.kill();
    assert_eq!(Campus::open(&[]).ctl(&["state"])["attempts"], json!([]));
}

#[test]
fn a_slow_link_is_slow_inside_one_file() {
    let campus = Campus::open(&[]);
    let path = format!(
        "/webservice/pluginfile.php/104/mod_resource/content/0/l1-standard.mp4?token={}",
        campus.token
    );
    let fetch = || {
        let start = Instant::now();
        assert_eq!(campus.get(&path, &[]).body.len(), 40_012);
        start.elapsed()
    };
    let fast = fetch();
    campus.ctl(&["slow", "320"]);
    let slow = fetch();
    campus.ctl(&["slow", "off"]);
    assert!(fast < Duration::from_millis(500), "{fast:?}");
    // 40,012 bytes at 40,000 bytes a second.
    assert!(slow > Duration::from_millis(950) && slow < Duration::from_millis(2500), "{slow:?}");
    campus.ctl(&["latency", "300"]);
    assert!(fetch() >= Duration::from_millis(300));
}

#[test]
fn offline_refuses_connections_until_the_link_is_back() {
    let campus = Campus::open(&[]);
    campus.ctl(&["offline", "on"]);
    let refused = (0..100).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        campus
            .try_call(SITE_INFO, "")
            .err()
            .filter(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
    });
    assert!(refused.is_some());
    campus.ctl(&["offline", "off"]);
    let back = (0..200).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        campus.try_call(SITE_INFO, "").ok()
    });
    assert_eq!(back.unwrap()["userid"], 4);
}

#[test]
fn portal_maintenance_errors_and_people_behave_as_told() {
    let campus = Campus::open(&[]);
    campus.ctl(&["portal", "on"]);
    let page = campus.get("/webservice/rest/server.php", &[]);
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    campus.ctl(&["portal", "off"]);
    campus.ctl(&["maintenance", "on"]);
    assert_eq!(campus.call(SITE_INFO, "")["errorcode"], "sitemaintenance");
    campus.ctl(&["maintenance", "off"]);
    campus.ctl(&["error", "mod_quiz_save_attempt", "dmlwriteexception", "2"]);
    for code in [json!("dmlwriteexception"), json!("dmlwriteexception"), json!("invalidrecord")] {
        assert_eq!(
            campus.call("mod_quiz_save_attempt", "attemptid=9&data[0][name]=x&data[0][value]=y")["errorcode"],
            code
        );
    }
    campus.ctl(&["unenrol", "student1"]);
    assert_eq!(campus.call("core_enrol_get_users_courses", "userid=4"), json!([]));
    assert_eq!(campus.call("mod_quiz_start_attempt", "quizid=1")["errorcode"], "requireloginerror");
    campus.ctl(&["suspend", "student1"]);
    assert_eq!(campus.call(SITE_INFO, "")["errorcode"], "wsaccessusersuspended");
    campus.ctl(&["suspend", "student1", "off"]);
    campus.ctl(&["expire-tokens"]);
    assert_eq!(campus.call(SITE_INFO, "")["errorcode"], "accessexception");
    assert_eq!(campus.call(SITE_INFO, "")["errorcode"], "invalidtoken");
    assert_ne!(campus.sign_in("student1", "practice-1"), campus.token);
}

#[test]
fn the_control_port_obeys_only_who_knows_its_word() {
    let campus = Campus::open(&[]);
    let (host, _) = campus.control.trim_start_matches("http://").split_once('/').unwrap();
    let wrong = std::process::Command::new(env!("CARGO_BIN_EXE_campus"))
        .args(["ctl", "--control", &format!("http://{host}/guess"), "state"])
        .output()
        .unwrap();
    assert!(!wrong.status.success());
    let unknown = std::process::Command::new(env!("CARGO_BIN_EXE_campus"))
        .args(["ctl", "--control", &campus.control, "error", "x", "nosuchcode"])
        .output()
        .unwrap();
    assert!(!unknown.status.success());
}

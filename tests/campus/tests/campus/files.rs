//! Files: digests, ranges, refusals.

use serde_json::json;

use crate::client::{Campus, fixture};

fn video(campus: &Campus) -> String {
    let contents = campus.call("core_course_get_contents", "courseid=2");
    let module = &contents[1]["modules"][0];
    assert_eq!(module["contents"][0]["sortorder"], 1);
    let names: Vec<&str> = module["contents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["filename"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["l1-standard.mp4", "l1-low.mp4", "l1-audio.m4a", "l1.vtt", "l1.png"]);
    let url = module["contents"][0]["fileurl"].as_str().unwrap().to_owned();
    format!("{}&token={}", url.strip_prefix(&campus.site).unwrap(), campus.token)
}

#[test]
fn a_stored_file_carries_its_sha1_and_ranges_as_recorded() {
    let campus = Campus::open(&[]);
    let path = video(&campus);
    let bytes = std::fs::read(fixture().join("media/l1-standard.mp4")).unwrap();
    let whole = campus.get(&path, &[]);
    assert_eq!((whole.status, &whole.body), (200, &bytes));
    let etag = whole.header("etag").unwrap().to_owned();
    assert_eq!(etag.len(), 42);
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert!(whole.header("date").is_some());
    let size = bytes.len();
    for (range, from, to) in
        [("bytes=0-99", 0, 99), ("bytes=40000-", 40_000, size - 1), ("bytes=-10", size - 10, size - 1)]
    {
        let part = campus.get(&path, &[("Range", range), ("If-Range", "\"0000\"")]);
        assert_eq!((part.status, part.body.as_slice()), (206, &bytes[from..=to]), "{range}");
        assert_eq!(part.header("content-range"), Some(format!("bytes {from}-{to}/{size}").as_str()));
        assert_eq!(part.header("etag"), Some(etag.as_str()));
    }
    for range in ["bytes=99999999-", "bytes=abc"] {
        let part = campus.get(&path, &[("Range", range)]);
        assert_eq!((part.status, part.body.len()), (200, size), "{range}");
    }
    let several = campus.get(&path, &[("Range", "bytes=0-9,100-109")]);
    assert_eq!(several.status, 206);
    assert_eq!(several.header("content-type"), Some("multipart/byteranges; boundary=s1k2o3d4a5k6s7"));
    let known = campus.get(&path, &[("Range", "bytes=0-9"), ("If-None-Match", &etag)]);
    assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, Some(etag.as_str())));
    let head = campus.request("HEAD", &path, &[], b"").unwrap();
    assert_eq!((head.status, head.header("content-length")), (200, Some(size.to_string().as_str())));
}

#[test]
fn pages_have_no_etag_and_plain_text_has_no_ranges() {
    let campus = Campus::open(&[]);
    let token = &campus.token;
    let page = campus.get(
        &format!("/webservice/pluginfile.php/105/mod_page/content/index.html?token={token}"),
        &[("Range", "bytes=0-1")],
    );
    let text = String::from_utf8(page.body.clone()).unwrap();
    assert_eq!((page.status, page.header("etag")), (200, None));
    assert!(
        text.starts_with("<div class=\"no-overflow\"><h1>") && text.contains("src=\"img/train.png\""),
        "{text}"
    );
    let image = campus
        .get(&format!("/webservice/pluginfile.php/105/mod_page/content/0/img/train.png?token={token}"), &[]);
    assert_eq!((image.status, image.header("content-type")), (200, Some("image/png")));
    let plain = campus.get(
        &format!("/webservice/pluginfile.php/112/mod_resource/content/0/plain.txt?token={token}"),
        &[("Range", "bytes=0-1")],
    );
    assert_eq!((plain.status, plain.header("accept-ranges"), plain.body.len()), (200, Some("none"), 13));
}

#[test]
fn a_refused_file_is_json_with_status_200() {
    let campus = Campus::open(&[]);
    let path = "/webservice/pluginfile.php/106/mod_resource/content/0/notes.pdf";
    let code = |answer: &crate::client::Answer| answer.json()["errorcode"].clone();
    let missing = campus.get(path, &[]);
    assert_eq!((missing.status, code(&missing)), (200, json!("missingparam")));
    let bad = campus.get(&format!("{path}?token=0000"), &[]);
    assert_eq!((bad.status, code(&bad), bad.header("etag")), (200, json!("invalidtoken"), None));
    let outsider = campus.sign_in("outsider", "practice-3");
    assert_eq!(code(&campus.get(&format!("{path}?token={outsider}"), &[])), json!("requireloginerror"));
    let gone = campus.get(&format!("{path}x?token={}", campus.token), &[]);
    assert_eq!((gone.status, code(&gone)), (404, json!("filenotfound")));
    let posted = campus.post(path, &format!("token={}", campus.token)).unwrap();
    assert_eq!(posted.header("content-type"), Some("application/pdf"));
    let key =
        campus.call("core_webservice_get_site_info", "")["userprivateaccesskey"].as_str().unwrap().to_owned();
    let keyed = campus.get(&format!("/tokenpluginfile.php/{key}/106/mod_resource/content/0/notes.pdf"), &[]);
    assert_eq!(keyed.body, posted.body);
    assert_eq!(campus.get("/tokenpluginfile.php/00/106/mod_resource/content/0/notes.pdf", &[]).status, 404);
    let session = campus
        .get(&format!("/pluginfile.php/106/mod_resource/content/0/notes.pdf?token={}", campus.token), &[]);
    assert_eq!(
        (session.status, session.header("location")),
        (303, Some(format!("{}/login/index.php", campus.site).as_str()))
    );
}

#[test]
fn the_library_is_a_plain_static_host() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("objects")).unwrap();
    std::fs::write(folder.path().join("index.json"), "{}").unwrap();
    let digest = "ab".repeat(32);
    std::fs::write(folder.path().join("objects").join(&digest), b"0123456789").unwrap();
    let campus = Campus::open(&["--library", folder.path().to_str().unwrap()]);
    let object = format!("/library/objects/{digest}");
    let whole = campus.get(&object, &[]);
    assert_eq!((whole.status, whole.body.as_slice()), (200, b"0123456789".as_slice()));
    assert!(whole.header("cache-control").unwrap().contains("immutable"));
    assert_eq!(campus.get("/library/index.json", &[]).header("cache-control"), Some("no-cache"));
    assert_eq!(campus.get(&object, &[("Range", "bytes=2-4")]).body, b"234");
    assert_eq!(campus.get(&object, &[("Range", "bytes=20-")]).status, 416);
    assert_eq!(campus.get(&object, &[("Range", "bytes=2-4"), ("If-Range", "\"other\"")]).status, 200);
    let etag = whole.header("etag").unwrap();
    assert_eq!(campus.get(&object, &[("If-None-Match", etag)]).status, 304);
    for closed in [
        "/library/",
        "/library/objects",
        "/library/../Cargo.toml",
        "/library/%2e%2e/Cargo.toml",
        "/library/.hidden",
    ] {
        assert_eq!(campus.get(closed, &[]).status, 404, "{closed}");
    }
}

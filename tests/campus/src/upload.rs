//! `webservice/upload.php`: files into a draft area.
//! Must stay true: the same name again answers `filenameexist` and keeps the first file.

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use serde_json::{Value, json};

use crate::campus::Campus;
use crate::fault::{Fault, script_error};
use crate::functions::own_files::new_draft;
use crate::reply::{self, JSON, Reply, header_text};
use crate::rest::authenticate;
use crate::site;
use crate::world::OwnFile;

const NAME: &str = "webservice/upload.php";
const PLAIN: &str = "text/plain; charset=utf-8";
const FILE_LIMIT: usize = 64 << 20;
const POST_LIMIT: u64 = 70 << 20;
const SERVER_LIMIT: u64 = 80 << 20;

/// Takes files.
pub async fn serve(campus: &Campus, request: Request) -> Reply {
    let answer = |kind: &str, value: &Value| Reply::new(NAME, reply::script(200, kind, value));
    if let Some(code) = campus.switches.fails(NAME) {
        return answer(PLAIN, &Fault::of(&code).script());
    }
    let no_token = script_error("missingparam", "A required parameter (token) was missing");
    let length = header_text(request.headers(), "content-length").and_then(|text| text.parse::<u64>().ok());
    if length.is_some_and(|length| length > SERVER_LIMIT) {
        let page = "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n<center><h1>413 \
                    Request Entity Too Large</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n";
        let response = reply::response(413, &[("Content-Type", "text/html")], page);
        return Reply::new(NAME, response);
    }
    let (mut fields, files) = match read(request).await {
        Some(read) => read,
        None => return answer(JSON, &no_token),
    };
    // PHP throws a body over post_max_size away as a whole, fields included.
    if length.is_some_and(|length| length > POST_LIMIT) {
        fields.clear();
    }
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let Some(token) = field("token") else { return answer(JSON, &no_token) };
    let kind = if files.is_empty() { JSON } else { PLAIN };
    let itemid = field("itemid").and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
    let filepath = match field("filepath").unwrap_or("/") {
        "" | "/" => "/".to_owned(),
        path => format!("/{}/", path.trim_matches('/')),
    };
    let stored = campus.with(|world| {
        let user = authenticate(campus, world, token)?;
        if files.iter().any(|(_, bytes)| bytes.len() > FILE_LIMIT) {
            return Ok(script_error("upload_error_ini_size", "The file is larger than the maximum size allowed."));
        }
        let itemid = if itemid == 0 && !files.is_empty() { new_draft(world) } else { itemid };
        let mut out = Vec::new();
        for (name, bytes) in files {
            let filename = name.rsplit('/').next().unwrap_or(&name).to_owned();
            let taken = world.drafts.iter().any(|file| {
                file.user == user.id && file.itemid == itemid && file.filepath == filepath && file.filename == filename
            });
            if taken {
                out.push(json!({"filename": filename, "filepath": "/tmp/phpXXXXXX", "size": bytes.len(),
                    "errortype": "filenameexist", "error": format!("File name already exists: {filename}")}));
                continue;
            }
            let size = bytes.len() as u64;
            let sha1 = campus.blobs.put(bytes).map_err(|_| Fault::of("dmlwriteexception"))?;
            out.push(json!({
                "component": "user", "contextid": user.context(), "userid": user.id.to_string(),
                "filearea": "draft", "filename": filename, "filepath": filepath, "itemid": itemid,
                "license": "unknown", "author": user.fullname(),
                "source": format!("O:8:\"stdClass\":1:{{s:6:\"source\";s:{}:\"{filename}\";}}", filename.len()),
                "filesize": size
            }));
            let filepath = filepath.clone();
            world.drafts.push(OwnFile { user: user.id, itemid, filepath, filename, sha1, size, time: site::now() });
            world.touch();
        }
        Ok::<_, Fault>(Value::Array(out))
    });
    match stored {
        Ok(Ok(value)) => answer(kind, &value),
        Ok(Err(fault)) => answer(kind, &fault.script()),
        Err(broken) => answer(kind, &script_error("error", &broken.to_string())),
    }
}

type Parts = (Vec<(String, String)>, Vec<(String, Bytes)>);

async fn read(request: Request) -> Option<Parts> {
    let query = crate::params::Param::parse(request.uri().query().unwrap_or(""));
    let mut multipart = Multipart::from_request(request, &()).await.ok()?;
    let (mut fields, mut files) = (Vec::new(), Vec::new());
    for name in ["token", "itemid", "filepath"] {
        if let Some(value) = query.text(name) {
            fields.push((name.to_owned(), value.to_owned()));
        }
    }
    loop {
        // A broken upload stores nothing.
        let Some(field) = multipart.next_field().await.ok()? else { break };
        let name = field.name().unwrap_or("").to_owned();
        match field.file_name().map(str::to_owned) {
            Some(file) => files.push((file, field.bytes().await.ok()?)),
            None => fields.push((name, field.text().await.ok()?)),
        }
    }
    Some((fields, files))
}

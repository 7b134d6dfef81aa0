//! A package library on a static host: signed, size-capped, and never a web page.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use daypack_course::Digest;
use daypack_course::package::{Envelope, LIBRARY_TYPE, LibraryIndex, ObjectRef, PublicKey};
use daypack_lms::library::{Library, LibraryError};
use daypack_lms::{Download, FetchError};
use ed25519_dalek::SigningKey;
use support::net;
use support::server::{Asked, Say, Server, page};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn index() -> Vec<u8> {
    let courses = vec!["networks".to_owned(), "../outside".to_owned()];
    let payload = serde_json::to_vec(&LibraryIndex { title: "Town library".into(), courses }).unwrap();
    Envelope::seal(LIBRARY_TYPE, &payload, &key(1)).to_bytes()
}

fn serve(asked: &Asked) -> Say {
    let object = format!("/lib/networks/o/{}", Digest::of(b"object"));
    let manifest = format!("/lib/networks/m/{}", Digest::of(b"manifest"));
    match asked.path() {
        "/lib/library.json" => Say::Whole(200, vec![], index()),
        "/lib/networks/channel.json" => Say::Whole(200, vec![], b"{}".to_vec()),
        "/lib/big/channel.json" => Say::Whole(200, vec![], vec![b' '; 20_000]),
        p if p == manifest => Say::Whole(200, vec![], b"manifest".to_vec()),
        p if p == object && asked.head.to_lowercase().contains("range: bytes=3-") => {
            Say::Whole(206, vec![("Content-Range".into(), "bytes 3-5/6".into())], b"ect".to_vec())
        }
        p if p == object => Say::Whole(200, vec![], b"object".to_vec()),
        _ => page(404, "<html>Not found</html>"),
    }
}

async fn read(mut download: Download) -> Result<Vec<u8>, FetchError> {
    let mut out = Vec::new();
    while let Some(bytes) = download.next().await {
        out.extend_from_slice(&bytes?);
    }
    Ok(out)
}

#[tokio::test]
async fn a_library_opens_with_its_key_and_names_its_courses() {
    let host = Server::start(serve).await;
    let library = Library::new(net());
    let address = format!("{}/lib", host.address);
    let found = library.library(&format!("{address}/library.json"), None).await.unwrap();
    assert_eq!((found.address.as_str(), found.title.as_str()), (address.as_str(), "Town library"));
    assert_eq!(found.courses, ["networks"], "a folder outside is left out");
    assert_eq!(found.fingerprint, PublicKey::of(&key(1)).fingerprint());
    assert_eq!(library.library(&address, Some(&found.fingerprint)).await.unwrap(), found);
    // Control: another key is not taken.
    let other = PublicKey::of(&key(2)).fingerprint();
    let refused = library.library(&address, Some(&other)).await.unwrap_err();
    assert_eq!(refused, LibraryError::WrongSignature { found: Some(found.fingerprint) });
}

#[tokio::test]
async fn bytes_are_capped_and_proven() {
    let host = Server::start(serve).await;
    let library = Library::new(net());
    let package = format!("{}/lib/networks", host.address);
    assert_eq!(library.channel(&package).await.unwrap(), b"{}");
    assert_eq!(library.channel(&format!("{}/lib/big", host.address)).await, Err(LibraryError::NotALibrary));
    let wanted = ObjectRef { digest: Digest::of(b"manifest"), size: 8 };
    assert_eq!(library.manifest(&package, &wanted).await.unwrap(), b"manifest");
    let wrong = ObjectRef { size: 9, ..wanted };
    assert_eq!(library.manifest(&package, &wrong).await, Err(LibraryError::Damaged));
    let whole = library.fetch(&package, &Digest::of(b"object"), 0).await.unwrap();
    assert_eq!(read(whole).await.unwrap(), b"object");
    let rest = library.fetch(&package, &Digest::of(b"object"), 3).await.unwrap();
    assert_eq!((rest.start, rest.total), (3, Some(6)));
    assert_eq!(read(rest).await.unwrap(), b"ect");
    assert_eq!(library.fetch(&package, &Digest::of(b"none"), 0).await.unwrap_err(), FetchError::NotFound);
}

#[tokio::test]
async fn what_is_no_library_says_what_it_is() {
    let library = Library::new(net());
    let ask = async |answer: fn(&Asked) -> Say| {
        let host = Server::start(answer).await;
        Library::new(net()).library(&host.address, None).await.unwrap_err()
    };
    assert_eq!(ask(|_| page(200, "<html>Sign in to the hotel</html>")).await, LibraryError::CaptivePortal);
    assert_eq!(ask(|_| page(404, "<html></html>")).await, LibraryError::NotFound);
    assert_eq!(ask(|_| Say::Whole(200, vec![], b"{}".to_vec())).await, LibraryError::NotALibrary);
    let tampered = |_: &Asked| {
        let text = String::from_utf8(index()).unwrap();
        let at = text.find("payload\":\"").unwrap() + 12;
        let (head, tail) = text.split_at(at);
        Say::Whole(200, vec![], format!("{head}AAAA{}", &tail[4..]).into_bytes())
    };
    assert_eq!(ask(tampered).await, LibraryError::WrongSignature { found: None });
    assert_eq!(library.library("http://127.0.0.1:1/x", None).await, Err(LibraryError::Unreachable));
    assert_eq!(library.library("http://library.example/x", None).await, Err(LibraryError::Insecure));
    let host = Server::start(|_| page(200, "<html>Sign in</html>")).await;
    let got = library.fetch(&host.address, &Digest::of(b"object"), 0).await;
    assert_eq!(got.unwrap_err(), FetchError::Portal);
}

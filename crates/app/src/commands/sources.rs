//! Adding libraries and courses: of sites, libraries, files, folders, and the course that comes with Daypack.

use std::path::PathBuf;

use daypack_course::finding::Finding;
use daypack_course::outline::{Course, Origin, RemoteFile};
use daypack_course::package::keys::MAX_EPOCHS;
use daypack_course::package::{Channel, Fingerprint, KeyChain, Manifest, keys_path, object_path};
use daypack_course::renew::renewed;
use daypack_course::{AccountId, CourseId, TimeMs};
use daypack_formats::package::{OpenedPackage, course_id, open_channel, open_channel_of, open_manifest};
use daypack_formats::{OpenError, Opened as OpenedFile};
use daypack_lms::connector::CourseOffer;
use daypack_store::{Library as LibraryRow, Offer, Store, Trusted};

use super::source::{self, OfferDetail, read_failed};
use crate::api::input::*;
use crate::api::outline::*;
use crate::api::{Event, Failure, FailureCode};
use crate::runner::{Note, pieces};
use crate::{App, failure};

/// The course that comes with Daypack.
const LOOK_AROUND: &[u8] = include_bytes!("../../assets/look-around.daypack");

impl App {
    /// See the list of commands.
    pub async fn library_add(&self, input: LibraryAddress) -> Result<LibraryAdded, Failure> {
        let (address, expected) = split_key(&input.address);
        let scope = format!("library {address}");
        let trusted = {
            let scope = scope.clone();
            self.db(move |store| store.trust_get(&scope)).await?
        };
        let expected = expected.or_else(|| trusted.map(|t| t.fingerprint));
        let found = source::library(self)
            .library(&address, expected.as_deref())
            .await
            .map_err(|error| library_failed(&error, &address))?;
        self.desk(Note::Contact(true)).await;
        let at = self.now();
        let row = LibraryRow {
            address: found.address.clone(),
            title: found.title.clone(),
            fingerprint: found.fingerprint.clone(),
        };
        self.db(move |store| {
            let seen = Trusted { fingerprint: row.fingerprint.clone(), epoch: 1, version: 0 };
            store.trust_put(&scope, &seen, at)?;
            store.library_put(&row, at)
        })
        .await?;
        self.offers_of_library(&found.address, &found.title, &found.fingerprint, &found.courses).await?;
        self.tell(Event::LibraryChanged {});
        Ok(LibraryAdded {
            address: found.address,
            title: found.title,
            fingerprint: found.fingerprint,
            courses: u32::try_from(found.courses.len()).unwrap_or(u32::MAX),
        })
    }

    /// See the list of commands.
    pub async fn offers_refresh(&self, _: Nothing) -> Result<LibraryView, Failure> {
        let (accounts, libraries) = self.db(|store| Ok((store.signed_in()?, store.libraries()?))).await?;
        let mut failed = None;
        let mut reached = false;
        for account in accounts {
            match self.offers_of_account(&account).await {
                Ok(()) => reached = true,
                Err(error) => failed = Some(error),
            }
        }
        for library in libraries {
            let trusted = Some(library.fingerprint.as_str());
            match source::library(self).library(&library.address, trusted).await {
                Ok(found) => {
                    reached = true;
                    self.offers_of_library(&found.address, &found.title, &found.fingerprint, &found.courses)
                        .await?;
                }
                Err(error) => failed = Some(library_failed(&error, &library.address)),
            }
        }
        self.desk(Note::Contact(reached)).await;
        match failed {
            Some(failure) if !reached => Err(failure),
            _ => self.library(Nothing {}).await,
        }
    }

    /// See the list of commands.
    pub async fn course_add(&self, input: OfferInput) -> Result<CourseInput, Failure> {
        let (source_id, id) = (input.source.clone(), input.id.clone());
        let offer = self
            .db_or(move |store| {
                store
                    .offers()?
                    .into_iter()
                    .find(|o| o.source == source_id && o.id == id)
                    .ok_or_else(|| Failure::new(FailureCode::Unknown).fact("what", "offer"))
            })
            .await?;
        let about = source::detail(&offer);
        let course = if about.address.is_empty() {
            let listed = self.site_course(&AccountId::new(offer.source), &offer.id).await?;
            let id = listed.id.clone();
            match self.db(move |store| store.course_get(&id)).await? {
                // What the site has no longer stays.
                Some(before) => renewed(&before, listed).course,
                None => listed,
            }
        } else {
            self.library_course(&about.address).await?
        };
        let (id, origin) = (course.id.clone(), course.origin.clone());
        self.keep_course(course, Vec::new()).await?;
        if let Origin::Site { account, remote, .. } = origin {
            crate::runner::compare::noted(self, &account, &remote).await?;
        }
        Ok(CourseInput { course: id })
    }

    /// A course by the address of its package, without a library that lists it. For the tool.
    pub async fn package_add(&self, address: &str) -> Result<CourseInput, Failure> {
        let base = daypack_lms::net::address::base(address).ok_or(FailureCode::BadAddress)?;
        let course = self.library_course(&daypack_lms::net::address::text(&base)).await?;
        let id = course.id.clone();
        self.keep_course(course, Vec::new()).await?;
        Ok(CourseInput { course: id })
    }

    /// See the list of commands.
    pub async fn open_path(&self, input: PathInput) -> Result<Opened, Failure> {
        let path = PathBuf::from(&input.path);
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if !path.exists() {
            return Err(Failure::new(FailureCode::FileMissing).fact("path", path.display()));
        }
        let opened = {
            let path = path.clone();
            tokio::task::spawn_blocking(move || daypack_formats::open_any(&path))
                .await
                .map_err(|e| Failure::new(FailureCode::Internal).fact("why", e))?
                .map_err(|error| open_failed(&error, &name))?
        };
        let mut courses = Vec::new();
        match opened {
            OpenedFile::Package(package) => courses.push(self.import_package(*package, &name, false).await?),
            OpenedFile::Cartridge(cartridge) => courses.push(self.import_cartridge(*cartridge, &name).await?),
            OpenedFile::Library { packages: listed, .. } | OpenedFile::Folder { files: listed } => {
                let mut failed = None;
                for one in listed {
                    let nested = PathInput { path: one.path.display().to_string() };
                    match Box::pin(self.open_path(nested)).await {
                        Ok(mut found) => courses.append(&mut found.courses),
                        Err(error) => failed = Some(error),
                    }
                }
                if let (true, Some(error)) = (courses.is_empty(), failed) {
                    return Err(error);
                }
            }
        }
        self.tell(Event::LibraryChanged {});
        Ok(Opened { courses })
    }

    /// See the list of commands.
    pub async fn look_around(&self, _: Nothing) -> Result<CourseInput, Failure> {
        let path = self.dir().join("look-around.daypack");
        std::fs::write(&path, LOOK_AROUND).map_err(|e| failure::io(&e))?;
        let opening = path.clone();
        let opened = tokio::task::spawn_blocking(move || daypack_formats::package::open(&opening))
            .await
            .map_err(|e| Failure::new(FailureCode::Internal).fact("why", e))?
            .map_err(|error| open_failed(&error, "look-around"))?;
        let course = self.import_package(opened, "look-around", true).await?;
        let _ = std::fs::remove_file(&path);
        self.tell(Event::LibraryChanged {});
        Ok(CourseInput { course: course.id })
    }

    /// Asks a site which courses the learner has. An empty answer changes nothing: it is no proof.
    pub(crate) async fn offers_of_account(&self, account: &AccountId) -> Result<(), Failure> {
        let session = source::session(self, account).await?;
        let listed = match session.connector.courses(&session.who).await {
            Ok(listed) => listed,
            Err(error) => {
                if error == daypack_lms::ReadError::SignIn {
                    session.refused(self).await;
                }
                return Err(read_failed(&error, account));
            }
        };
        self.offers_keep(account, &session.who.site, listed).await
    }

    /// Keeps what a site offers; an empty list takes nothing away.
    pub(crate) async fn offers_keep(
        &self,
        account: &AccountId,
        site: &str,
        listed: Vec<CourseOffer>,
    ) -> Result<(), Failure> {
        if listed.is_empty() {
            return Ok(());
        }
        let (account, site) = (account.clone(), site.to_owned());
        self.db(move |store| {
            let source_name = source::source_name(store, account.as_str())?;
            let offers: Vec<Offer> = listed
                .into_iter()
                .map(|course| Offer {
                    source: account.to_string(),
                    title: course.title,
                    summary: course.summary,
                    size: None,
                    detail: serde_json::to_value(OfferDetail {
                        source_name: source_name.clone(),
                        course: site_course_id(&site, &course.remote).to_string(),
                        address: String::new(),
                    })
                    .unwrap_or_default(),
                    id: course.remote,
                })
                .collect();
            store.offers_replace(account.as_str(), &offers)
        })
        .await
    }

    async fn offers_of_library(
        &self,
        address: &str,
        title: &str,
        fingerprint: &str,
        courses: &[String],
    ) -> Result<(), Failure> {
        let mut offers = Vec::new();
        for folder in courses {
            let at = format!("{}/{folder}", address.trim_end_matches('/'));
            let raw = match source::library(self).channel(&at).await {
                Ok(raw) => raw,
                Err(error) => {
                    tracing::info!(%error, "a course of the library did not answer");
                    continue;
                }
            };
            let Ok(announced) = self.channel_of(&raw, &at).await else { continue };
            self.note_confirmed(&announced).await?;
            let Announced { channel, publisher, .. } = announced;
            let _ = fingerprint;
            offers.push(Offer {
                source: address.to_owned(),
                id: folder.clone(),
                title: channel.title.clone(),
                summary: String::new(),
                size: Some(channel.total_size),
                detail: serde_json::to_value(OfferDetail {
                    source_name: title.to_owned(),
                    course: course_id(&publisher, &channel.course).to_string(),
                    address: at,
                })
                .unwrap_or_default(),
            });
        }
        let address = address.to_owned();
        self.db(move |store| store.offers_replace(&address, &offers)).await
    }

    pub(crate) async fn site_course(&self, account: &AccountId, remote: &str) -> Result<Course, Failure> {
        let session = source::session(self, account).await?;
        let mut course = session
            .connector
            .outline(&session.who, remote)
            .await
            .map_err(|error| read_failed(&error, account))?;
        self.desk(Note::Contact(true)).await;
        course.id = site_course_id(&session.who.site, remote);
        course.origin = Origin::Site {
            site: session.who.site.clone(),
            remote: remote.to_owned(),
            account: account.clone(),
        };
        Ok(course)
    }

    pub(crate) async fn library_course(&self, address: &str) -> Result<Course, Failure> {
        let (course, found) = self.announced_course(address).await?;
        let (id, publisher, channel) = (course.id.clone(), found.publisher, found.channel);
        let (mirrors, shareable, manifest) = (channel.mirrors.clone(), channel.shareable, found.manifest);
        self.db(move |store| {
            crate::neighbours::shared::mark(store, &id, shareable)?;
            pieces::keep(store, &id, &manifest, &mirrors)
        })
        .await?;
        self.trust(&channel, &publisher).await?;
        Ok(course)
    }

    /// The course as its library announces it now, proven; nothing of it is kept yet.
    pub(crate) async fn announced_course(&self, address: &str) -> Result<(Course, Found), Failure> {
        let library = source::library(self);
        let raw = library.channel(address).await.map_err(|error| library_failed(&error, address))?;
        let Announced { channel, publisher, confirmed } = self.trusted_channel(&raw, address).await?;
        let packed = library
            .manifest(address, &channel.manifest)
            .await
            .map_err(|error| library_failed(&error, address))?;
        let manifest =
            open_manifest(&packed, &channel).map_err(|error| open_failed(&error, &channel.title))?;
        self.desk(Note::Contact(true)).await;
        let mut course = manifest.course.clone();
        course.id = course_id(&publisher, &channel.course);
        course.origin = Origin::Package {
            package: channel.title.clone(),
            key: publisher.clone(),
            version: channel.version,
            confirmed: Some(confirmed),
            expires: Some(channel.expires),
        };
        for asset in course.assets.values_mut() {
            if let Some(digest) = &asset.digest {
                asset.remote = Some(RemoteFile { url: address.to_owned(), version: digest.to_string() });
            }
        }
        Ok((course, Found { channel, publisher, manifest }))
    }

    /// A channel whose publisher is the known one, and which is not older than the one seen before.
    async fn trusted_channel(&self, raw: &[u8], address: &str) -> Result<Announced, Failure> {
        let announced = self.channel_of(raw, address).await?;
        self.check_trust(&announced.channel, &announced.publisher).await?;
        Ok(announced)
    }

    /// Opens a channel; where key files belong to it they are fetched.
    async fn channel_of(&self, raw: &[u8], address: &str) -> Result<Announced, Failure> {
        match open_channel(raw, None) {
            Ok((channel, key)) => {
                let confirmed = channel.issued;
                return Ok(Announced { channel, publisher: key.fingerprint(), confirmed });
            }
            Err(OpenError::Refused { why: "needs_keys", .. }) => {}
            Err(error) => return Err(open_failed(&error, address)),
        }
        // Only as far as this channel needs: hosts differ in what they say of a file that is not there.
        let mut chain: Option<KeyChain> = None;
        let mut refused = OpenError::MissingObject { name: keys_path(1) };
        for epoch in 1..=MAX_EPOCHS {
            let file = source::library(self).key_file(address, epoch).await;
            let Some(file) = file.map_err(|error| library_failed(&error, address))? else { break };
            let next = match &chain {
                None => KeyChain::begin(&file),
                Some(chain) => chain.follow(&file),
            };
            let next = next.map_err(|fault| open_failed(&fault.into(), address))?;
            match open_channel_of(raw, &next) {
                Ok(opened) => {
                    let channel = Channel { expires: opened.expires, ..opened.channel };
                    let (publisher, confirmed) = (opened.identity, opened.confirmed);
                    return Ok(Announced { channel, publisher, confirmed });
                }
                Err(error) => refused = error,
            }
            chain = Some(next);
        }
        Err(open_failed(&refused, address))
    }

    /// Notes that the version that is here was confirmed anew; says nothing of any other version.
    async fn note_confirmed(&self, announced: &Announced) -> Result<(), Failure> {
        let id = course_id(&announced.publisher, &announced.channel.course);
        let (seen, expired, version) =
            (announced.confirmed, announced.channel.expires, announced.channel.version);
        let at = self.now();
        self.db(move |store| {
            let Some(mut course) = store.course_get(&id)? else { return Ok(()) };
            match &mut course.origin {
                Origin::Package { version: here, confirmed, expires, .. }
                    if *here == version && *confirmed < Some(seen) =>
                {
                    (*confirmed, *expires) = (Some(seen), Some(expired));
                }
                _ => return Ok(()),
            }
            store.course_put(&course, at)
        })
        .await
    }

    async fn check_trust(&self, channel: &Channel, publisher: &str) -> Result<Signer, Failure> {
        let scope = trust_scope(channel);
        let known = self.db(move |store| store.trust_get(&scope)).await?;
        let fingerprint = publisher.to_owned();
        match known {
            Some(known) if known.fingerprint != fingerprint => Err(Failure::new(FailureCode::OtherKey)
                .fact("name", &channel.title)
                .fact("expected", known.fingerprint)
                .fact("found", fingerprint)),
            Some(known) if (known.epoch, known.version) > (channel.epoch, channel.version) => {
                Err(Failure::new(FailureCode::OlderVersion)
                    .fact("name", &channel.title)
                    .fact("have", known.version)
                    .fact("found", channel.version))
            }
            Some(_) => Ok(Signer::Known { fingerprint }),
            None => Ok(Signer::New { fingerprint }),
        }
    }

    async fn trust(&self, channel: &Channel, publisher: &str) -> Result<(), Failure> {
        let scope = trust_scope(channel);
        let seen =
            Trusted { fingerprint: publisher.to_owned(), epoch: channel.epoch, version: channel.version };
        let at = self.now();
        self.db(move |store| store.trust_put(&scope, &seen, at)).await
    }

    async fn import_package(
        &self,
        package: OpenedPackage,
        name: &str,
        built_in: bool,
    ) -> Result<OpenedCourse, Failure> {
        let signer = if built_in {
            Signer::Unsigned {}
        } else {
            self.check_trust(&package.channel, package.identity()).await?
        };
        let needed: u64 = package.objects().iter().map(|(_, size)| size).sum();
        let free = self.room().await?.bytes();
        if needed > free {
            return Err(Failure::new(FailureCode::NoSpace).fact("needed", needed).fact("free", free));
        }
        let (channel, publisher) = (package.channel.clone(), package.identity().to_owned());
        let mut course = package.manifest.course.clone();
        if built_in {
            course.id = CourseId::new("built-in:look-around");
            course.origin = Origin::BuiltIn;
        } else {
            course.origin = Origin::Package {
                package: name.to_owned(),
                key: publisher.clone(),
                version: channel.version,
                confirmed: Some(package.confirmed.confirmed),
                expires: Some(channel.expires),
            };
        }
        let app = self.clone();
        let shown = name.to_owned();
        tokio::task::spawn_blocking(move || copy_objects(app.store(), &package, &shown))
            .await
            .map_err(|e| Failure::new(FailureCode::Internal).fact("why", e))??;
        let made =
            OpenedCourse { id: course.id.clone(), title: course.title.clone(), signer, findings: Vec::new() };
        let assets: Vec<_> =
            course.assets.iter().filter_map(|(id, a)| Some((id.clone(), a.digest?, a.size?))).collect();
        let id = course.id.clone();
        self.keep_course(course, Vec::new()).await?;
        self.db(move |store| {
            for (asset, digest, size) in assets {
                store.asset_complete_put(&id, &asset, &digest, size)?;
            }
            Ok(())
        })
        .await?;
        if !built_in {
            self.trust(&channel, &publisher).await?;
            let (id, shareable) = (made.id.clone(), channel.shareable);
            self.db(move |store| crate::neighbours::shared::mark(store, &id, shareable)).await?;
        }
        Ok(made)
    }

    async fn import_cartridge(
        &self,
        cartridge: daypack_formats::cartridge::Imported,
        name: &str,
    ) -> Result<OpenedCourse, Failure> {
        let app = self.clone();
        let shown = name.to_owned();
        let (course, findings, kept) = tokio::task::spawn_blocking(move || -> Result<_, Failure> {
            let store = app.store();
            let mut kept = Vec::new();
            for id in cartridge.files.keys() {
                let mut reader = cartridge.open_asset(id).map_err(|error| open_failed(&error, &shown))?;
                let (digest, size) = store.objects().import_reader(&mut reader, None)?;
                kept.push((id.clone(), digest, size));
            }
            Ok((cartridge.course, cartridge.findings, kept))
        })
        .await
        .map_err(|e| Failure::new(FailureCode::Internal).fact("why", e))??;
        let made = OpenedCourse {
            id: course.id.clone(),
            title: course.title.clone(),
            signer: Signer::Unsigned {},
            findings: findings.clone(),
        };
        let id = course.id.clone();
        self.keep_course(course, findings).await?;
        self.db(move |store| {
            for (asset, digest, size) in kept {
                store.asset_complete_put(&id, &asset, &digest, size)?;
            }
            Ok(())
        })
        .await?;
        Ok(made)
    }

    pub(crate) async fn keep_course(&self, course: Course, findings: Vec<Finding>) -> Result<(), Failure> {
        let at = self.now();
        let id = course.id.clone();
        self.db(move |store| {
            store.course_put(&course, at)?;
            store.findings_put(&course.id, &findings)
        })
        .await?;
        self.tell(Event::LibraryChanged {});
        self.tell(Event::CourseChanged { course: id, item: None });
        Ok(())
    }
}

/// Copies a package's objects onto the shelf; each is proven by its digest on the way.
fn copy_objects(store: &Store, package: &OpenedPackage, name: &str) -> Result<(), Failure> {
    for (digest, _) in package.objects() {
        if store.objects().has(&digest) {
            continue;
        }
        let mut reader = package.object(&digest).map_err(|error| open_failed(&error, name))?;
        store.objects().import_reader(&mut reader, Some(digest)).map_err(|error| match error {
            daypack_store::StoreError::WrongBytes { .. } | daypack_store::StoreError::Io(_) => {
                Failure::new(FailureCode::BrokenPackage).fact("name", name).fact("part", object_path(&digest))
            }
            other => other.into(),
        })?;
    }
    Ok(())
}

/// A channel whose signatures were checked.
struct Announced {
    channel: Channel,
    /// The publisher's fingerprint, which stays when keys change.
    publisher: Fingerprint,
    /// When its publisher last said that it is current.
    confirmed: TimeMs,
}

/// What a library announces of a course, proven and not yet kept.
pub(crate) struct Found {
    channel: Channel,
    publisher: Fingerprint,
    manifest: Manifest,
}

fn trust_scope(channel: &Channel) -> String {
    format!("package {}", channel.course)
}

/// The id of a site's course on this computer.
pub(crate) fn site_course_id(site: &str, remote: &str) -> CourseId {
    let host = site.split_once("://").map_or(site, |(_, rest)| rest);
    CourseId::new(format!("moodle:{}:{remote}", host.trim_end_matches('/')))
}

/// A library's address and the fingerprint behind `#key=`.
fn split_key(typed: &str) -> (String, Option<String>) {
    match typed.trim().split_once("#key=") {
        Some((address, key)) => (address.to_owned(), Some(key.trim().to_lowercase())),
        None => (typed.trim().to_owned(), None),
    }
}

fn library_failed(error: &daypack_lms::library::LibraryError, address: &str) -> Failure {
    use daypack_lms::library::LibraryError as E;
    let code = match error {
        E::BadAddress => FailureCode::BadAddress,
        E::NotFound => FailureCode::NotFound,
        E::NotALibrary => FailureCode::NotALibrary,
        E::CaptivePortal => FailureCode::CaptivePortal,
        E::WrongSignature { found: Some(found) } => {
            return Failure::new(FailureCode::OtherKey).fact("name", address).fact("found", found);
        }
        E::WrongSignature { found: None } => FailureCode::WrongSignature,
        E::Damaged => FailureCode::BrokenPackage,
        E::Insecure => FailureCode::InsecureAddress,
        E::NoSafeConnection => FailureCode::NoSafeConnection,
        E::Unreachable => FailureCode::Unreachable,
    };
    Failure::new(code).fact("address", address).fact("name", address)
}

/// Why a file was not opened, in the words of the list of commands.
fn open_failed(error: &OpenError, name: &str) -> Failure {
    let code = match error {
        OpenError::Io { path, .. } => {
            return Failure::new(FailureCode::FileMissing).fact("path", path);
        }
        OpenError::NotAPackage { looks } => {
            return Failure::new(FailureCode::UnsupportedFile).fact("what", looks).fact("name", name);
        }
        OpenError::UnsupportedFile { what } => {
            return Failure::new(FailureCode::UnsupportedFile).fact("what", what).fact("name", name);
        }
        OpenError::OtherKey { found } => {
            return Failure::new(FailureCode::OtherKey).fact("name", name).fact("found", found);
        }
        OpenError::WrongSignature => FailureCode::WrongSignature,
        OpenError::Refused { why: "older_version" | "other_epoch", .. } => FailureCode::OlderVersion,
        OpenError::Refused { .. } => FailureCode::WrongSignature,
        OpenError::UnsupportedVersion { .. } => FailureCode::NewerFormat,
        OpenError::Damaged { .. }
        | OpenError::TooLarge { .. }
        | OpenError::MissingObject { .. }
        | OpenError::UnsafeName { .. } => FailureCode::BrokenPackage,
    };
    let part = error.facts().into_values().next().unwrap_or_default();
    Failure::new(code).fact("name", name).fact("part", part)
}

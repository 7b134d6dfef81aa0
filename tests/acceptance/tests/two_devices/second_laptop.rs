//! Where the learner stopped and what they marked follows to the second laptop, on a stock site.

use daypack_app::App;
use daypack_app::api::follow::FollowState;
use daypack_app::api::input::*;
use daypack_app::api::outline::Done;
use daypack_app::api::status::Settings;
use daypack_app::api::study::{ItemBodyView, VideoView};
use daypack_course::outline::ItemKind;
use daypack_course::{CourseId, ItemId};
use daypack_lms::{NetConfig, Secret, Session, SiteKind};
use daypack_tests::learner::{enrol, hand_in, of_kind, open, rows};
use daypack_tests::packed::small_package;
use daypack_tests::practice::{Practice, small_course};

struct Laptop {
    app: App,
    course: CourseId,
    video: ItemId,
    page: ItemId,
}

async fn laptop(app: App, course: CourseId) -> Laptop {
    let video = of_kind(&app, &course, ItemKind::Video).await.remove(0);
    let page = of_kind(&app, &course, ItemKind::Reading).await.remove(0);
    Laptop { app, course, video, page }
}

impl Laptop {
    async fn watch(&self, from: u64, to: u64) {
        let (course, item) = (self.course.clone(), self.video.clone());
        let input = WatchedInput { course, item, position_ms: to, rate: 1.5, intervals: vec![(from, to)] };
        self.app.watched(input).await.unwrap();
    }

    async fn mark(&self, item: &ItemId, done: bool) {
        let (course, item) = (self.course.clone(), item.clone());
        self.app.done_mark(DoneMark { course, item, done }).await.unwrap();
    }

    async fn sync(&self) {
        self.app.sync_now(Nothing {}).await.unwrap();
    }

    /// Where the lecture stands, and what of it was watched: read from an export, which needs no file of the lecture.
    async fn stands(&self) -> (u64, f64, Vec<(u64, u64)>) {
        let row = rows(&self.app, &self.course).await.into_iter().find(|r| r.id == self.video).unwrap();
        assert!(row.progress.is_some(), "nothing of the lecture is known");
        let view = self.item().await;
        (view.position_ms, view.playing.rate, view.watched.intervals().to_vec())
    }

    async fn item(&self) -> VideoView {
        daypack_tests::learner::take_here(&self.app, &self.course, &self.video).await;
        let input = ItemInput { course: self.course.clone(), item: self.video.clone() };
        match self.app.item(input).await.unwrap().body {
            ItemBodyView::Video(view) => view,
            other => panic!("{other:?}"),
        }
    }

    async fn is_done(&self, item: &ItemId) -> bool {
        rows(&self.app, &self.course).await.iter().any(|r| r.id == *item && r.done == Done::Yes)
    }

    async fn follow(&self) -> FollowState {
        self.app.follow(Nothing {}).await.unwrap().accounts[0].state
    }
}

/// The small files at the site: name, digest, time.
fn files(campus: &Practice) -> Vec<(String, String, i64)> {
    let state = campus.state();
    let all = state["private"].as_array().unwrap().iter();
    all.map(|f| {
        let text = |name: &str| f[name].as_str().unwrap().to_owned();
        (text("filename"), text("sha1"), f["time"].as_i64().unwrap())
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn private_files_as_storage_the_place_and_done_marks_follow_to_the_second_laptop() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let (one, two) = (open(&dir.path().join("one")).await, open(&dir.path().join("two")).await);
    let (first, second) = (enrol(&one, &campus).await, enrol(&two, &campus).await);
    let (one, two) = (laptop(one, first).await, laptop(two, second).await);

    one.watch(0, 1_500).await;
    let read = ReadingPlace { course: one.course.clone(), item: one.page.clone(), fraction: 0.25 };
    one.app.reading_place(read).await.unwrap();
    one.mark(&one.page, true).await;
    one.sync().await;
    assert_eq!(files(&campus).len(), 1);
    assert!(!two.is_done(&two.page).await, "the control: not here before contact");
    two.sync().await;
    assert_eq!(two.stands().await, (1_500, 1.5, vec![(0, 1_500)]));
    assert!(two.is_done(&two.page).await);
    let page = rows(&two.app, &two.course).await.into_iter().find(|r| r.id == two.page).unwrap();
    assert_eq!(page.progress, Some(0.25));
    assert_eq!(files(&campus).len(), 1, "what is there already is not written once more");

    // A conflict: the second laptop is further, the first was used later. The later place stands on both.
    two.watch(1_500, 1_900).await;
    two.sync().await;
    one.watch(200, 700).await;
    one.mark(&one.page, false).await;
    one.sync().await;
    two.sync().await;
    for laptop in [&one, &two] {
        assert_eq!(laptop.stands().await, (700, 1.5, vec![(0, 1_900)]), "and all that was watched anywhere");
        assert!(!laptop.is_done(&laptop.page).await);
    }
    // One file a laptop, each replaced by its next version; a quiet sync writes nothing.
    one.sync().await;
    let settled = files(&campus);
    assert_eq!(settled.len(), 2);
    one.sync().await;
    two.sync().await;
    assert_eq!(files(&campus), settled);
    one.app.close().await;
    two.app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_here_and_the_schools_copy_there_are_one_place() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let (one, two) = (open(&dir.path().join("one")).await, open(&dir.path().join("two")).await);
    let package = small_package(dir.path(), Some(&campus.site));
    let opened = one.open_path(PathInput { path: package.display().to_string() }).await.unwrap();
    let second = enrol(&two, &campus).await;
    let who =
        SignIn { site: campus.site.clone(), username: "student1".into(), password: "practice-1".into() };
    one.sign_in(who).await.unwrap();
    let (one, two) = (laptop(one, opened.courses[0].id.clone()).await, laptop(two, second).await);
    assert_ne!(one.course, two.course);
    one.watch(0, 900).await;
    one.sync().await;
    two.sync().await;
    assert_eq!(two.stands().await.0, 900);
    one.app.close().await;
    two.app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn torn_and_hostile_files_change_nothing_and_sound_ones_beside_them_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let app = open(&dir.path().join("data")).await;
    let course = enrol(&app, &campus).await;
    let here = laptop(app, course).await;
    let net = daypack_lms::Net::new(NetConfig::default()).unwrap();
    let connector = daypack_lms::connector(SiteKind::Moodle, net);
    let password = Secret::new("practice-1");
    let (_, token) = connector.sign_in(&campus.site, "student1", &password).await.unwrap();
    let session = Session { account: "x".into(), site: campus.site.clone(), remote_user: "4".into(), token };
    let far = i64::MAX;
    let name = |n: &str| format!("daypack-progress-{n}.json");
    let said = |items: &str| {
        format!(r#"{{"format":"daypack-progress","version":1,"device":"x","items":{{{items}}}}}"#)
    };
    let spot =
        |at: i64, ms: u64| format!(r#""a:4":{{"spot":{{"at":{at},"what":{{"ms":{ms},"rate":100}}}}}}"#);
    let sound = said(&spot(5, 1_200));
    let bad = [
        ("torn", sound[..sound.len() - 9].to_owned()),
        ("future", said(&spot(far, 1_999))),
        ("far", said(&spot(5, u64::MAX))),
        ("other", said(r#""a:4":"<script>""#)),
        ("large", format!("{sound}{}", " ".repeat(70_000))),
        ("deep", "[".repeat(60_000)),
    ];
    for (file, text) in bad {
        connector.own_file_put(&session, &name(file), text.into_bytes()).await.unwrap();
    }
    here.sync().await;
    let row = rows(&here.app, &here.course).await.into_iter().find(|r| r.id == here.video).unwrap();
    assert_eq!(row.progress, None);
    assert_eq!(here.follow().await, FollowState::Fine);
    connector.own_file_put(&session, &name("sound"), sound.into_bytes()).await.unwrap();
    here.sync().await;
    assert_eq!(here.item().await.position_ms, 1_200, "the control");
    here.app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_without_room_or_without_the_means_is_told_calmly_and_holds_up_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let app = open(&dir.path().join("data")).await;
    let course = enrol(&app, &campus).await;
    let here = laptop(app, course).await;
    let essay = of_kind(&here.app, &here.course, ItemKind::Assignment).await.remove(0);

    // Turned off, the site hears nothing of it.
    let settings = here.app.app_status(Nothing {}).await.unwrap().settings;
    let follow = |on: bool| Settings { follow: on, ..settings.clone() };
    here.app.settings_save(follow(false)).await.unwrap();
    here.watch(0, 900).await;
    here.sync().await;
    assert!(files(&campus).is_empty());
    here.app.settings_save(follow(true)).await.unwrap();

    campus.ctl(&["error", "core_user_add_user_private_files", "maxareabytes", "1"]);
    here.sync().await;
    assert_eq!((here.follow().await, files(&campus).len()), (FollowState::Full, 0));
    campus.ctl(&["error", "core_files_get_files", "accessexception", "1"]);
    here.sync().await;
    assert_eq!(here.follow().await, FollowState::Unavailable);
    let status = here.app.app_status(Nothing {}).await.unwrap();
    assert!(!status.accounts[0].needs_sign_in, "nobody is signed out for it");
    let card = hand_in(&here.app, &here.course, &essay, "sent all the same").await;
    let accepted = |c: &daypack_app::api::work::WorkCard| super::is_accepted(&c.state);
    super::card_when(&here.app, &card.id, "a receipt", accepted).await;
    here.sync().await;
    assert_eq!((here.follow().await, files(&campus).len()), (FollowState::Fine, 1));
    here.app.close().await;
}

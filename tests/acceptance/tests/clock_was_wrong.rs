//! The computer's clock is set while work waits: nothing is lost or sent twice, no wait becomes a week, and the fact is
//! kept for those who ask later.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use daypack_app::api::input::*;
use daypack_app::api::work::ClockFactView;
use daypack_app::{App, MemoryKeyring, OpenOptions};
use daypack_course::TimeMs;
use daypack_course::outline::ItemKind;
use daypack_course::work::WorkState;
use daypack_tests::learner::{card_when, enrol, hand_in, of_kind, outbox, post, until};
use daypack_tests::practice::{Practice, small_course};

fn true_time() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

async fn open(dir: &std::path::Path, skew: &Arc<AtomicI64>, keyring: &Arc<MemoryKeyring>) -> App {
    let skew = Arc::clone(skew);
    let clock = move || TimeMs(true_time() + skew.load(Ordering::SeqCst));
    let options = OpenOptions {
        data_dir: dir.to_owned(),
        clock: Some(Arc::new(clock)),
        keyring: Some(keyring.clone()),
        ..OpenOptions::default()
    };
    App::open(options).await.expect("opens")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_loses_nothing_and_is_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let skew = Arc::new(AtomicI64::new(0));
    let keyring = Arc::new(MemoryKeyring::default());
    let app = open(&dir.path().join("data"), &skew, &keyring).await;
    let course = enrol(&app, &campus).await;
    let forum = of_kind(&app, &course, ItemKind::Discussion).await.into_iter().next().expect("a discussion");
    let scenarios = [-3_600_000, 7 * 86_400_000, -true_time(), 2_147_483_648_000 - true_time(), 0];
    let mut sent = 0;
    for by in scenarios {
        skew.store(by, Ordering::SeqCst);
        // Twice the reply is lost, too: what it takes to be sure is time, and time is what was tampered with.
        if by.abs() < 86_400_000 && by != 0 || by == scenarios[2] {
            campus.ctl(&["lose-replies", "1", "mod_forum_add_discussion"]);
        }
        let subject = format!("clock at {by}");
        let work = post(&app, &course, &forum, &subject).await;
        let card =
            card_when(&app, &work.id, "a receipt", |c| matches!(c.state, WorkState::Accepted { .. })).await;
        let WorkState::Accepted { receipt } = card.state else { unreachable!() };
        assert!((receipt.at.0 - true_time()).abs() < 120_000, "the receipt has the site's time");
        sent += 1;
    }
    let facts = until("the facts", || async {
        let facts = app.clock_facts(Nothing {}).await.unwrap().facts;
        facts.iter().any(|f| matches!(f, ClockFactView::Jumped { .. })).then_some(facts)
    })
    .await;
    let apart = |f: &&ClockFactView| matches!(f, ClockFactView::Contact { server, local, .. } if (server.0 - local.0).abs() > 120_000);
    assert!(facts.iter().any(|f| apart(&f)), "the site's date beside ours: {facts:?}");
    let held = campus.state().to_string();
    for by in scenarios {
        let subject = format!("\"subject\":\"clock at {by}\"");
        assert_eq!(held.matches(&subject).count(), 1, "one post, neither lost nor doubled: {subject}");
    }
    assert_eq!(outbox(&app).await.work.len(), sent);

    // Closed with the clock at one age and opened at another: everything is still there and still goes out.
    app.close().await;
    drop(app);
    skew.store(-true_time(), Ordering::SeqCst);
    let app = open(&dir.path().join("data"), &skew, &keyring).await;
    assert_eq!(outbox(&app).await.work.len(), sent);
    let item = of_kind(&app, &course, ItemKind::Assignment).await.into_iter().next().expect("an assignment");
    let work = hand_in(&app, &course, &item, "written in 1970").await;
    card_when(&app, &work.id, "a receipt", |c| matches!(c.state, WorkState::Accepted { .. })).await;

    // The receipt file is readable, and its chain can be checked.
    let export = ReceiptExport {
        work: work.id.clone(),
        folder: dir.path().display().to_string(),
        words: Default::default(),
    };
    let file = app.receipt_export(export).await.unwrap();
    let page = std::fs::read_to_string(&file.path).unwrap();
    assert!(page.contains("written in 1970") && page.contains(&file.head));
    let json = page.split("id=\"daypack-receipt\">").nth(1).unwrap().split("</script>").next().unwrap();
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    let chain: daypack_course::receipt::Chain = serde_json::from_value(value["chain"].clone()).unwrap();
    assert!(chain.broken_at().is_none() && chain.links().len() >= 3);
    app.close().await;
}

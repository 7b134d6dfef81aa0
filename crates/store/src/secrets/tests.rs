//! Every state of the key, and a token that must not be found in any file.

use super::keyring::{MemoryKeyring, Mood};
use std::collections::BTreeSet;

use super::*;
use crate::Store;
use crate::testing::shelf;
use daypack_course::TimeMs;
use tempfile::TempDir;

const LIGHT: Effort = Effort { memory_kib: 64, passes: 1 };
const CANARY: &str = "canary-4f1d0c9a7be25563";

fn ada() -> AccountId {
    AccountId::from("ada")
}

fn token(store: &Store) -> Option<String> {
    store.secret_get(&ada()).unwrap().map(|secret| secret.reveal().to_owned())
}

/// The same folder, opened by a new process on a computer with this keyring.
fn restarted(dir: &TempDir, store: Store, keyring: &Arc<MemoryKeyring>) -> Store {
    drop(store);
    let store = Store::open(dir.path(), TimeMs(1)).unwrap();
    store.keyring_use(Arc::clone(keyring) as Arc<dyn Keyring>);
    store
}

/// A learner who signed in on a computer whose keyring is in this mood.
fn signed_in(mood: Mood) -> (TempDir, Store, Arc<MemoryKeyring>) {
    let (dir, store) = shelf();
    let keyring = Arc::new(MemoryKeyring::default());
    keyring.set_mood(mood);
    store.keyring_use(Arc::clone(&keyring) as Arc<dyn Keyring>);
    store.secret_put(&ada(), &Secret::new(CANARY)).unwrap();
    store.keys_open(None, None).unwrap();
    (dir, store, keyring)
}

/// Files below `dir` that hold `text`, as it is or in the writings a program could have given it.
fn files_with(dir: &Path, text: &str) -> Vec<PathBuf> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    let mut writings = vec![text.as_bytes().to_vec(), hex::encode(text).into_bytes()];
    writings.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
    for shift in 0..3 {
        // Base64 of a text within another one: without its first and last letters, which neighbours change.
        let coded = STANDARD_NO_PAD.encode([&vec![0; shift], text.as_bytes()].concat());
        writings.push(coded.as_bytes()[4..coded.len() - 4].to_vec());
    }
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path)
                && writings.iter().any(|w| bytes.windows(w.len()).any(|at| at == w))
            {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn a_token_is_in_no_file_of_the_folder_and_comes_back_after_a_restart() {
    let (dir, store, keyring) = signed_in(Mood::Open);
    assert_eq!(store.keys().unwrap().standing, Standing::Open);
    assert!(dir.path().join("secrets.sealed").exists());
    assert_eq!(files_with(dir.path(), CANARY), Vec::<PathBuf>::new());
    let store = restarted(&dir, store, &keyring);
    assert_eq!(store.keys().unwrap().standing, Standing::Resting, "no keyring is asked before it is needed");
    assert_eq!(token(&store), None);
    assert_eq!(store.keys_open(None, None).unwrap().standing, Standing::Open);
    assert_eq!(token(&store).as_deref(), Some(CANARY));
    assert_eq!(files_with(dir.path(), CANARY), Vec::<PathBuf>::new());
}

/// Negative control: the file that Daypack wrote before is found by the same search, and so are its disguises.
#[test]
fn the_search_would_find_a_token_that_lies_in_the_clear() {
    use base64::Engine as _;
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("deep/secrets.json");
    std::fs::create_dir(dir.path().join("deep")).unwrap();
    for text in [
        format!("{{\"ada\":\"{CANARY}\"}}"),
        hex::encode(CANARY),
        base64::engine::general_purpose::STANDARD.encode(format!("{{\"ada\":\"{CANARY}\"}}")),
        base64::engine::general_purpose::STANDARD.encode(format!("x{CANARY}yz")),
    ] {
        std::fs::write(&plain, &text).unwrap();
        assert_eq!(files_with(dir.path(), CANARY), [plain.as_path()], "{text}");
    }
}

#[test]
fn a_locked_keyring_means_waiting_and_never_signed_out() {
    let (dir, store, keyring) = signed_in(Mood::Open);
    let store = restarted(&dir, store, &keyring);
    for (mood, seen) in [(Mood::Locked, KeyringSeen::Locked), (Mood::Unavailable, KeyringSeen::Unavailable)] {
        keyring.set_mood(mood);
        let keys = store.keys_open(None, None).unwrap();
        assert_eq!((keys.standing, keys.guard, keys.keyring), (Standing::Locked, Some(Guard::Keyring), seen));
        assert_eq!(store.token(&ada()).unwrap(), Token::Waits);
        assert_eq!(store.signed_in().unwrap(), BTreeSet::from([ada()]));
    }
    keyring.set_mood(Mood::Open);
    assert_eq!(store.keys_open(None, None).unwrap().standing, Standing::Open);
    assert_eq!(token(&store).as_deref(), Some(CANARY));
}

#[test]
fn signing_in_while_locked_is_for_the_session_and_is_sealed_when_the_keyring_opens() {
    let (dir, store, keyring) = signed_in(Mood::Open);
    let store = restarted(&dir, store, &keyring);
    keyring.set_mood(Mood::Locked);
    store.keys_open(None, None).unwrap();
    let ben = AccountId::from("ben");
    store.secret_put(&ben, &Secret::new("t2")).unwrap();
    assert_eq!(store.token(&ben).unwrap(), Token::Here(Secret::new("t2")));
    assert_eq!(store.signed_in().unwrap().len(), 2);
    keyring.set_mood(Mood::Open);
    store.keys_open(None, None).unwrap();
    let store = restarted(&dir, store, &keyring);
    store.keys_open(None, None).unwrap();
    assert_eq!(store.token(&ben).unwrap(), Token::Here(Secret::new("t2")));
    assert_eq!(token(&store).as_deref(), Some(CANARY));
}

#[test]
fn a_wiped_keyring_is_told_from_a_locked_one_and_signing_in_again_makes_a_new_key() {
    let (dir, store, keyring) = signed_in(Mood::Open);
    let store = restarted(&dir, store, &keyring);
    keyring.wipe();
    assert_eq!(store.keys_open(None, None).unwrap().standing, Standing::Lost);
    assert_eq!(store.token(&ada()).unwrap(), Token::SignedOut);
    assert_eq!(store.signed_in().unwrap(), BTreeSet::new());
    store.secret_put(&ada(), &Secret::new("new")).unwrap();
    assert_eq!(store.keys_open(None, None).unwrap().standing, Standing::Open);
    let store = restarted(&dir, store, &keyring);
    store.keys_open(None, None).unwrap();
    assert_eq!(token(&store).as_deref(), Some("new"));
}

#[test]
fn a_key_that_does_not_fit_is_as_good_as_none() {
    let (dir, store, keyring) = signed_in(Mood::Open);
    let file = SealedFile::read(&dir.path().join("secrets.sealed")).unwrap().unwrap();
    let store = restarted(&dir, store, &keyring);
    keyring.set(&file.id, &[7; 32]).unwrap();
    assert_eq!(store.keys_open(None, None).unwrap().standing, Standing::Lost);
}

#[test]
fn without_a_keyring_a_token_lives_in_memory_only() {
    for mood in [Mood::Unavailable, Mood::Locked] {
        let (dir, store, keyring) = signed_in(mood);
        assert_eq!(store.keys().unwrap().standing, Standing::Session);
        assert_eq!(token(&store).as_deref(), Some(CANARY));
        assert_eq!(files_with(dir.path(), CANARY), Vec::<PathBuf>::new());
        assert!(!dir.path().join("secrets.sealed").exists());
        let store = restarted(&dir, store, &keyring);
        assert_eq!(store.token(&ada()).unwrap(), Token::SignedOut);
    }
}

#[test]
fn a_passphrase_opens_what_it_sealed_and_a_wrong_one_changes_nothing() {
    let (dir, store, keyring) = signed_in(Mood::Unavailable);
    let keep = Keep::Passphrase(Secret::new("grüne Wiese 7"), LIGHT);
    let keys = store.keys_keep(keep).unwrap();
    assert_eq!((keys.standing, keys.guard), (Standing::Open, Some(Guard::Passphrase)));
    let store = restarted(&dir, store, &keyring);
    assert_eq!(store.keys().unwrap().standing, Standing::Locked, "known without asking anybody");
    assert_eq!(store.keys_open(None, None).unwrap().standing, Standing::Locked);
    assert_eq!(store.token(&ada()).unwrap(), Token::Waits);
    let wrong = store.keys_open(Some(&Secret::new("grüne Wiese 8")), None);
    assert!(matches!(wrong, Err(SecretsError::WrongPassphrase)));
    assert_eq!(store.signed_in().unwrap(), BTreeSet::from([ada()]));
    // As another keyboard writes the same letter: u and two dots.
    store.keys_open(Some(&Secret::new("gru\u{308}ne Wiese 7")), None).unwrap();
    assert_eq!(token(&store).as_deref(), Some(CANARY));
    assert_eq!(files_with(dir.path(), CANARY), Vec::<PathBuf>::new());
    assert_eq!(files_with(dir.path(), "grüne Wiese 7"), Vec::<PathBuf>::new());
}

#[test]
fn a_short_passphrase_is_refused() {
    let (_dir, store, _keyring) = signed_in(Mood::Unavailable);
    let short = store.keys_keep(Keep::Passphrase(Secret::new("1234567"), LIGHT));
    assert!(matches!(short, Err(SecretsError::ShortPassphrase)));
    assert_eq!(token(&store).as_deref(), Some(CANARY));
}

#[test]
fn a_passphrase_given_at_the_start_guards_new_tokens_only_where_no_keyring_does() {
    let given = Secret::new("a long walk");
    for (mood, guard) in [(Mood::Unavailable, Guard::Passphrase), (Mood::Open, Guard::Keyring)] {
        let (_dir, store) = shelf();
        let keyring = Arc::new(MemoryKeyring::default());
        keyring.set_mood(mood);
        store.keyring_use(keyring);
        store.secret_put(&ada(), &Secret::new("t")).unwrap();
        let keys = store.keys_open(Some(&given), Some(LIGHT)).unwrap();
        assert_eq!((keys.standing, keys.guard), (Standing::Open, Some(guard)));
    }
}

#[test]
fn how_tokens_are_kept_can_be_changed_and_changed_back() {
    let (dir, store, keyring) = signed_in(Mood::Open);
    let first = SealedFile::read(&dir.path().join("secrets.sealed")).unwrap().unwrap();
    store.keys_keep(Keep::Passphrase(Secret::new("a long walk"), LIGHT)).unwrap();
    assert_eq!(keyring.get(&first.id), Err(KeyringError::Missing), "the old key does not stay behind");
    store.keys_keep(Keep::Session).unwrap();
    assert!(!dir.path().join("secrets.sealed").exists());
    assert_eq!(store.keys().unwrap().standing, Standing::Session);
    store.keys_keep(Keep::Keyring).unwrap();
    let store = restarted(&dir, store, &keyring);
    store.keys_open(None, None).unwrap();
    assert_eq!(token(&store).as_deref(), Some(CANARY));
}

#[test]
fn whoever_chose_the_session_only_is_not_sealed_into_the_keyring_the_next_time() {
    let (dir, store, keyring) = signed_in(Mood::Open);
    store.keys_keep(Keep::Session).unwrap();
    let store = restarted(&dir, store, &keyring);
    store.secret_put(&ada(), &Secret::new(CANARY)).unwrap();
    assert_eq!(store.keys_open(None, None).unwrap().standing, Standing::Session);
    assert!(!dir.path().join("secrets.sealed").exists());
    store.keys_keep(Keep::Keyring).unwrap();
    let store = restarted(&dir, store, &keyring);
    assert_eq!(store.keys_open(None, None).unwrap().standing, Standing::Open);
    assert_eq!(token(&store).as_deref(), Some(CANARY));
}

#[test]
fn nothing_changes_while_locked_unless_the_learner_gives_the_tokens_up() {
    let (dir, store, keyring) = signed_in(Mood::Open);
    let store = restarted(&dir, store, &keyring);
    keyring.set_mood(Mood::Locked);
    store.keys_open(None, None).unwrap();
    for how in [Keep::Session, Keep::Passphrase(Secret::new("a long walk"), LIGHT)] {
        assert!(matches!(store.keys_keep(how), Err(SecretsError::Locked)));
    }
    assert!(matches!(store.keys_keep(Keep::Keyring), Err(SecretsError::KeyringLocked)));
    assert_eq!(store.token(&ada()).unwrap(), Token::Waits);
    store.keys_forget().unwrap();
    assert_eq!(store.token(&ada()).unwrap(), Token::SignedOut);
}

#[test]
fn tokens_of_an_earlier_daypack_are_sealed_and_their_file_goes() {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("secrets.json");
    std::fs::write(&plain, format!("{{\"ada\":\"{CANARY}\"}}")).unwrap();
    let keyring = Arc::new(MemoryKeyring::default());
    let store = Store::open(dir.path(), TimeMs(0)).unwrap();
    store.keyring_use(Arc::clone(&keyring) as Arc<dyn Keyring>);
    assert_eq!(token(&store).as_deref(), Some(CANARY));

    keyring.set_mood(Mood::Locked);
    store.keys_open(None, None).unwrap();
    assert!(plain.exists(), "a locked keyring opens again; nothing is thrown away meanwhile");

    keyring.set_mood(Mood::Open);
    store.keys_open(None, None).unwrap();
    assert_eq!(files_with(dir.path(), CANARY), Vec::<PathBuf>::new());
    assert!(!plain.exists());
    let store = restarted(&dir, store, &keyring);
    store.keys_open(None, None).unwrap();
    assert_eq!(token(&store).as_deref(), Some(CANARY));
}

#[test]
fn tokens_of_an_earlier_daypack_leave_the_disk_also_where_there_is_no_keyring() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("secrets.json"), format!("{{\"ada\":\"{CANARY}\"}}")).unwrap();
    let store = Store::open(dir.path(), TimeMs(0)).unwrap();
    assert_eq!(store.keys_open(None, None).unwrap().standing, Standing::Session);
    assert_eq!(token(&store).as_deref(), Some(CANARY));
    assert_eq!(files_with(dir.path(), CANARY), Vec::<PathBuf>::new());
}

#[test]
fn signing_out_needs_no_key() {
    let (dir, store, keyring) = signed_in(Mood::Open);
    let store = restarted(&dir, store, &keyring);
    keyring.set_mood(Mood::Locked);
    store.secret_remove(&ada()).unwrap();
    assert_eq!(store.token(&ada()).unwrap(), Token::SignedOut);
    keyring.set_mood(Mood::Open);
    let store = restarted(&dir, store, &keyring);
    store.keys_open(None, None).unwrap();
    assert_eq!(token(&store), None);
}

#[test]
fn a_token_that_a_site_refused_does_not_take_a_newer_one_along() {
    let (_dir, store, _keyring) = signed_in(Mood::Open);
    store.secret_put(&ada(), &Secret::new("newer")).unwrap();
    store.secret_refused(&ada(), &Secret::new(CANARY)).unwrap();
    assert_eq!(token(&store).as_deref(), Some("newer"));
    store.secret_refused(&ada(), &Secret::new("newer")).unwrap();
    assert_eq!(token(&store), None);
}

#[test]
fn a_broken_file_costs_a_sign_in_and_never_the_start() {
    for name in ["secrets.sealed", "secrets.json"] {
        let (dir, store, keyring) = signed_in(Mood::Open);
        store.keys_forget().unwrap();
        std::fs::write(dir.path().join(name), b"{\"ada\":").unwrap();
        let store = restarted(&dir, store, &keyring);
        store.keys_open(None, None).unwrap();
        assert_eq!(token(&store), None);
        store.secret_put(&ada(), &Secret::new("t")).unwrap();
        store.keys_open(None, None).unwrap();
        let store = restarted(&dir, store, &keyring);
        store.keys_open(None, None).unwrap();
        assert_eq!(token(&store).as_deref(), Some("t"), "{name}");
    }
}

#[test]
fn a_damaged_token_costs_its_own_sign_in_and_no_other() {
    let (dir, store, keyring) = signed_in(Mood::Open);
    store.secret_put(&"ben".into(), &Secret::new("t2")).unwrap();
    let path = dir.path().join("secrets.sealed");
    let mut file: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    file["tokens"]["ada"] = file["tokens"]["ben"].clone();
    std::fs::write(&path, file.to_string()).unwrap();
    let store = restarted(&dir, store, &keyring);
    store.keys_open(None, None).unwrap();
    assert_eq!(token(&store), None, "another account's token is not taken for one's own");
    assert_eq!(store.token(&"ben".into()).unwrap(), Token::Here(Secret::new("t2")));
}

#[test]
fn saving_work_does_not_wait_for_a_keyring_that_asks_the_learner() {
    struct Asking(std::sync::mpsc::Sender<()>, Mutex<std::sync::mpsc::Receiver<()>>);
    impl Keyring for Asking {
        fn get(&self, _: &str) -> Result<Vec<u8>, KeyringError> {
            self.0.send(()).unwrap();
            let _ = self.1.lock().unwrap().recv();
            Err(KeyringError::Locked)
        }
        fn set(&self, _: &str, _: &[u8]) -> Result<(), KeyringError> {
            Err(KeyringError::Locked)
        }
        fn remove(&self, _: &str) -> Result<(), KeyringError> {
            Err(KeyringError::Locked)
        }
    }
    let (dir, store, keyring) = signed_in(Mood::Open);
    let store = restarted(&dir, store, &keyring);
    let ((asks, asked), (answers, answered)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
    store.keyring_use(Arc::new(Asking(asks, Mutex::new(answered))));
    std::thread::scope(|scope| {
        let opening = scope.spawn(|| store.keys_open(None, None));
        asked.recv().unwrap();
        // The system's question is on the screen, and everything else goes on.
        assert_eq!(store.signed_in().unwrap(), BTreeSet::from([ada()]));
        assert_eq!(store.token(&ada()).unwrap(), Token::Waits);
        store.secret_put(&"ben".into(), &Secret::new("t2")).unwrap();
        store.draft_put(&"c".into(), &"i".into(), "text", "saved meanwhile", TimeMs(2)).unwrap();
        drop(answers);
        assert_eq!(opening.join().unwrap().unwrap().standing, Standing::Locked);
    });
}

#[test]
fn a_secret_cannot_be_printed() {
    assert!(!format!("{:?}", Some(Secret::new("hunter2"))).contains("hunter2"));
    assert!(!format!("{:?}", Keep::Passphrase(Secret::new("hunter22"), LIGHT)).contains("hunter22"));
}

#[cfg(unix)]
#[test]
fn only_the_user_can_read_the_sealed_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let (dir, _store, _keyring) = signed_in(Mood::Open);
    let mode = std::fs::metadata(dir.path().join("secrets.sealed")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn in_a_newer_programs_folder_sign_ins_are_read_and_not_written() {
    let (dir, store, keyring) = signed_in(Mood::Open);
    drop(store);
    let plain = dir.path().join("secrets.json");
    std::fs::write(&plain, r#"{"bob":"of an earlier Daypack"}"#).unwrap();
    let schema = |number: i64| {
        let db = rusqlite::Connection::open(dir.path().join("learner.db")).unwrap();
        let ours: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        db.pragma_update(None, "user_version", number).unwrap();
        ours
    };
    let open = || {
        let store = Store::open(dir.path(), TimeMs(1)).unwrap();
        store.keyring_use(Arc::clone(&keyring) as Arc<dyn Keyring>);
        store
    };
    let held = || {
        ["secrets.sealed", "secrets.json", "secrets.session"].map(|n| std::fs::read(dir.path().join(n)).ok())
    };
    let (ours, before) = (schema(99), held());
    let store = open();
    assert!(store.opened().newer.is_some());
    store.keys_open(None, None).unwrap();
    assert_eq!(token(&store).as_deref(), Some(CANARY), "read");
    assert!(store.secret_put(&ada(), &Secret::new("another")).is_err());
    assert!(store.secret_remove(&ada()).is_err());
    assert!(store.keys_keep(Keep::Session).is_err());
    assert!(store.keys_forget().is_err());
    drop(store);
    assert_eq!(held(), before);
    // The control: in a folder of our own the old file is sealed, and a sign-out is kept.
    schema(ours);
    let store = open();
    store.keys_open(None, None).unwrap();
    store.secret_remove(&ada()).unwrap();
    assert!(!plain.exists() && held() != before);
}

//! The journal as a file, verified with nothing but the file; and the command line.

use std::path::PathBuf;

use futures::TryStreamExt;
use zhiqiao::{
    authn::keys::PublicKeys,
    domain::audit::{
        checkpoints,
        export::{self, Examined, Span},
    },
};

use super::{act, id, lift, staged};
use crate::{
    app::TestApp,
    tour::{end, on, said},
};

async fn exported(app: &TestApp, span: Span) -> String {
    let pieces: Vec<bytes::Bytes> = export::write(&app.system(), span).await.unwrap().try_collect().await.unwrap();
    String::from_utf8(pieces.concat()).unwrap()
}

fn examine(text: &str, jwks: Option<&PublicKeys>, kept: &[String]) -> Examined {
    export::examine(text.as_bytes(), jwks, kept, None, &mut |_| {}).unwrap()
}

fn faults(text: &str) -> Vec<String> {
    examine(text, None, &[]).verified.found.faults.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn an_export_verifies_alone_and_what_is_done_to_it_is_found() {
    let (app, rows) = staged().await;
    let text = exported(&app, Span::default()).await;
    let lines: Vec<&str> = text.lines().collect();
    // First line, entries, the checkpoint, last line.
    assert_eq!(lines.len(), rows.len() + 3);
    let good = examine(&text, None, &[]);
    let length = i64::try_from(rows.len()).unwrap();
    assert_eq!((good.verified.found.count, good.verified.first, good.verified.last), (0, 1, length), "{good:?}");
    assert_eq!((good.verified.checkpoints, good.verified.signed, good.has_own_keys), (1, Some(length), true));

    let join = |lines: &[&str]| lines.join("\n") + "\n";
    let edited = text.replacen("62001/talent/2013", "62001/talent/2099", 1);
    assert!(faults(&edited)[0].contains("(submission.pushed of 62001/talent/2099"), "{:?}", faults(&edited));
    let mut removed = lines.clone();
    removed.remove(5);
    assert_eq!(faults(&join(&removed))[0], "entry 5: expected to be there, got nothing: removed");
    let mut reordered = lines.clone();
    reordered.swap(5, 6);
    assert!(!faults(&join(&reordered)).is_empty());
    let renumbered = join(&reordered)
        .replacen("\"sequence\":6,", "\"sequence\":-1,", 1)
        .replacen("\"sequence\":5,", "\"sequence\":6,", 1)
        .replacen("\"sequence\":-1,", "\"sequence\":5,", 1);
    assert!(faults(&renumbered)[0].starts_with("entry 5 ("), "{:?}", faults(&renumbered));
    let mut inserted = lines.clone();
    inserted.insert(5, lines[6]);
    assert!(!faults(&join(&inserted)).is_empty());
    let truncated = &lines[..lines.len() - 4];
    assert_eq!(
        faults(&join(truncated)),
        ["the end of the file: expected the last line of an export, got nothing: truncated"]
    );
    // Cut with a last line of its own, it is short of what was signed, for whoever has kept that.
    let newest = checkpoints::newest(&app.system(), app.house.db.read()).await.unwrap().unwrap().token;
    let cut = cut(&lines);
    assert_eq!(faults(&cut), [""; 0]);
    let kept = examine(&cut, None, &[newest]).verified.found;
    assert!(kept.faults[0].to_string().contains("truncated"), "{kept:?}");
    for nonsense in ["", "{}\n", "not json\n"] {
        assert!(export::examine(nonsense.as_bytes(), None, &[], None, &mut |_| {}).is_err(), "{nonsense}");
    }

    // With keys of its own a forged file holds; against those from elsewhere it does not.
    let own = PublicKeys::read(&checkpoints::jwks(&app.system()).to_string()).unwrap();
    assert_eq!(examine(&text, Some(&own), &[]).verified.found.count, 0);
    let other = TestApp::new().await;
    zhiqiao::domain::keys::rotate(&other.system()).await.unwrap();
    let newest = zhiqiao::domain::keys::list(&other.system()).await.unwrap().remove(0);
    let keys = other.house.memory.keys();
    let x = &keys.iter().find(|key| key.kid == newest.kid).unwrap().public_key;
    let jwks = serde_json::json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": newest.kid, "x": x }] });
    let others = PublicKeys::read(&jwks.to_string()).unwrap();
    let found = examine(&text, Some(&others), &[]).verified.found;
    assert!(found.faults[0].to_string().contains("unknown key"), "{found:?}");
}

/// The file without its last three entries and its checkpoint, with a last line that fits.
fn cut(lines: &[&str]) -> String {
    let kept = &lines[..lines.len() - 5];
    let last: serde_json::Value = serde_json::from_str(kept.last().unwrap()).unwrap();
    let end = serde_json::json!({ "end": {
        "entries": kept.len() - 1, "last": last["entry"]["sequence"], "chain_hash": last["entry"]["chain_hash"],
    } });
    format!("{}\n{end}\n", kept.join("\n"))
}

#[tokio::test]
async fn a_part_of_the_journal_is_exported_with_the_chain_before_it() {
    let (app, rows) = staged().await;
    let (from, to) = (rows[3].at, rows[7].at);
    let text = exported(&app, Span { from: Some(from), to: Some(to) }).await;
    let part = examine(&text, None, &[]).verified;
    assert_eq!(part.found.count, 0, "{:?}", part.found);
    assert!(part.first > 1 && part.first <= 4 && part.last >= part.first && part.last <= 7, "{part:?}");
    let never = chrono::Utc::now() + chrono::TimeDelta::days(1);
    let none = examine(&exported(&app, Span { from: Some(never), to: None }).await, None, &[]).verified;
    assert_eq!((none.found.count, none.entries), (0, 0), "{none:?}");
}

#[tokio::test]
async fn the_command_line_verifies_signs_and_exports() {
    let (app, rows) = staged().await;
    let url = app.url().to_owned();
    let dir = app.dir().to_owned();
    let run = |arguments: &[&str]| end(on(&url, &dir).args(arguments));
    let (out, _) = said(&run(&["audit", "verify"]));
    assert!(out.contains("good: ") && out.contains("signed to the end"), "{out}");

    let (token, _) = said(&run(&["audit", "checkpoint"]));
    assert_eq!(token.trim().split('.').count(), 3, "{token}");
    let file = |name: &str| -> PathBuf { dir.join(name) };
    std::fs::write(file("kept"), &token).unwrap();
    std::fs::write(file("jwks.json"), checkpoints::jwks(&app.system()).to_string()).unwrap();
    let (out, err) = said(&run(&["audit", "export", "--out", "journal.ndjson"]));
    assert!(out.contains("journal.ndjson: "), "{out}{err}");
    assert!(!run(&["audit", "export", "--out", "journal.ndjson"]).status.success(), "never over what is there");

    // Offline: no database, no configuration.
    let offline = |arguments: &[&str]| {
        let mut command = on("", &dir);
        command.env_remove("ZHIQIAO_DATABASE__URL").args(["audit", "verify", "--export", "journal.ndjson"]);
        end(command.args(arguments))
    };
    let (out, err) = said(&offline(&["--jwks", "jwks.json", "--checkpoint", "kept"]));
    assert!(out.contains("signed to the end") && err.is_empty(), "{out}{err}");
    let (out, err) = said(&offline(&[]));
    assert!(out.contains("good: ") && err.contains("--jwks"), "{out}{err}");
    let text = std::fs::read_to_string(file("journal.ndjson")).unwrap();
    std::fs::write(file("journal.ndjson"), text.replacen("62001/talent/2013", "62001/talent/2099", 1)).unwrap();
    let wrong = offline(&["--jwks", "jwks.json"]);
    let (out, err) = said(&wrong);
    assert_eq!(wrong.status.code(), Some(1), "{out}{err}");
    assert!(out.contains("expected chain hash") && err.contains("1 faults"), "{out}{err}");

    lift(&app).await;
    act(&app, &format!("UPDATE journal SET actor = 'x' WHERE id = {}", id(&app, &rows[4]))).await;
    let wrong = run(&["audit", "verify", "--checkpoint", "kept", "--jwks", "jwks.json"]);
    let (out, err) = said(&wrong);
    assert_eq!(wrong.status.code(), Some(1));
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(out.starts_with("entry 5 (") && err.contains("does not verify"), "{out}{err}");
}
